"""A production stack as it is shipped, previewed by the real engine with secrets made up and no system within reach.

Its secrets are encrypted by a key of AWS KMS, which moto plays on loopback, those of the stack that adopts everything by
one of a Vault: of the providers that are no passphrase, those that can be had here.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from local.build.binaries import build_all
from local.instances.instance import Instance
from local.instances.throwaway import left_out
from local.instances.toolbox import install
from local.shared.paths import ROOT
from tests.support.stand_ins.key_service import vault

NOWHERE = """
apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "https://127.0.0.1:9"}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
users: [{name: a, user: {token: made-up}}]
current-context: a
"""
SECRETS = {
    "databasePassword": "made-up-password",
    "alibabaAccessKey": "LTAI0000000000000000",
    "alibabaSecretKey": "made-up-key",
    "kubeconfig": NOWHERE,
}
SILENT = (
    "the Kubernetes cluster does not answer",
    "PostgreSQL does not answer at {host}.pg.rds.aliyuncs.com:5432",
)

STACKS = ("prod", "prod-adopt")
# One of each part of the foundation.
FOUNDATION = (
    "alicloud:vpc/network:Network",
    "alicloud:vpc/gatewayEndpoint:GatewayEndpoint",
    "alicloud:kms/key:Key",
    "alicloud:log/store:Store",
    "alicloud:cs/managedKubernetes:ManagedKubernetes",
    "alicloud:cs/nodePool:NodePool",
    "alicloud:rds/instance:Instance",
    "alicloud:rds/backupPolicy:BackupPolicy",
    "alicloud:actiontrail/trail:Trail",
    "alicloud:cr/registryEnterpriseInstance:RegistryEnterpriseInstance",
)

KEYS = {"prod": "awskms://alias/tenants?region=us-east-1", "prod-adopt": "hashivault://tenants"}

# As in stacks/program.py, with a resource that can be made to fail, and one that stands on it.
ENDING = """
import pulumi, pulumi_random
from stacks.guards.ending import settings_after
from stacks.outputs import note

async def main():
    config = pulumi.Config()
    one = pulumi_random.RandomInteger("one", min=5 if config.get_bool("bad") else 1, max=2)
    end = pulumi_random.RandomUuid("end", opts=pulumi.ResourceOptions(depends_on=[one]))
    told = {"settings": "old", "other": config.require("value")}
    note(told, [])
    return {**told, "settings": settings_after([end], config.require("value"), "old"), "tenants": {}}

pulumi.run(main)
"""


def _know_the_foundation(tools: Instance) -> None:
    """The embedded alicloud plugin knows a local stack's resources alone: see tests/support/stand_ins/foundation_plugin.py."""
    (place,) = (tools.folder / "pulumi" / "plugins").glob("resource-alicloud-v*/pulumi-resource-alicloud")
    real = tools.folder / "embedded" / place.name  # the plugin goes by the name that it is started under
    real.parent.mkdir()
    real.symlink_to(place.readlink())
    place.unlink()
    command = f'exec "{sys.executable}" -m tests.support.stand_ins.foundation_plugin "{real}" "$@"'
    place.write_text(f'#!/bin/sh\nexport PYTHONPATH="{ROOT}"\n{command}\n')
    place.chmod(0o755)


class Checkout:
    """A copy of the project with an engine, its plugins and a state of its own."""

    def __init__(self, parent: Path, more: Mapping[str, str]) -> None:
        self.folder = parent / "tenantry"
        shutil.copytree(ROOT, self.folder, ignore=left_out)
        (self.folder / ".venv").symlink_to(Path(sys.prefix))
        tools = Instance(parent / "tools")
        for name in ("bin", "state"):
            (tools.folder / name).mkdir(parents=True)
        install(tools, build_all())
        _know_the_foundation(tools)
        strangers = ("PG", "PULUMI_", "ALICLOUD_", "ALIBABA", "TENANTRY_", "KUBECONFIG", "PYTHON", "AWS_", "VAULT_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(strangers)}
        self.env: Mapping[str, str] = {
            **kept,
            **more,
            "PATH": os.pathsep.join([str(tools.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PULUMI_HOME": str(tools.folder / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{tools.folder / 'state'}?metadata=skip",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }

    def run(self, *command: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.env, **more},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def pulumi(self, *arguments: str, given: str = "", stack: str = "prod") -> str:
        done = self.run("pulumi", *arguments, "--stack", stack, "--non-interactive", given=given)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def remember(self, **settings: str) -> None:
        """Makes the state look like that of a run that came to its end with these settings."""
        exported = json.loads(self.pulumi("stack", "export"))
        kind = "pulumi:pulumi:Stack"
        stack = {
            "urn": f"urn:pulumi:prod::tenantry::{kind}::tenantry-prod",
            "custom": False,
            "type": kind,
            "outputs": {"settings": settings},
        }
        exported["deployment"]["resources"] = [stack]
        self.pulumi("stack", "import", given=json.dumps(exported))

    def settings(self, stack: str) -> Path:
        return self.folder / f"Pulumi.{stack}.yaml"


@pytest.fixture(scope="module")
def kms() -> Generator[Mapping[str, str]]:
    """The variables with which a key management service is reached; it has the key of the alias."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    there = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in there.items():
            patch.setenv(name, value)
        client: Any = boto3.client("kms", region_name="us-east-1")
        client.create_alias(AliasName="alias/tenants", TargetKeyId=client.create_key()["KeyMetadata"]["KeyId"])
    with vault() as more:
        yield {**there, **more}
    server.stop()


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory, kms: Mapping[str, str]) -> Checkout:
    checkout = Checkout(tmp_path_factory.mktemp("prod"), kms)
    for stack in STACKS:
        made = checkout.run("pulumi", "stack", "init", stack, "--secrets-provider", KEYS[stack], "--non-interactive")
        assert made.returncode == 0, made.stderr
        for key, value in SECRETS.items():
            checkout.pulumi("config", "set", "--secret", f"tenantry:{key}", value, stack=stack)
    return checkout


@pytest.mark.parametrize(
    ("stack", "more", "why"),
    [
        ("prod", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "operation error KMS: Decrypt"),
        (
            "prod",
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PULUMI_CONFIG_PASSPHRASE": "made-up"},
            "operation error KMS: Decrypt",
        ),
        ("prod-adopt", {"VAULT_ADDR": "http://127.0.0.1:9"}, "transit/decrypt/tenants"),
        ("prod-adopt", {"VAULT_ADDR": "", "PULUMI_CONFIG_PASSPHRASE": "made-up"}, "open keeper hashivault://tenants"),
        ("prod-adopt", {"VAULT_TOKEN": "another"}, "permission denied"),
    ],
    ids=["no passphrase", "another's passphrase", "no Vault", "no address", "another's token"],
)
def test_a_key_that_cannot_be_reached_is_told_and_nothing_is_written(
    prod: Checkout, stack: str, more: Mapping[str, str], why: str
) -> None:
    before = prod.settings(stack).read_bytes()
    done = prod.run("tenantry", "preview", "--stack", stack, AWS_MAX_ATTEMPTS="1", VAULT_MAX_RETRIES="0", **more)
    said = done.stdout + done.stderr
    assert done.returncode == 3
    assert "the key that the stack's file names as `secretsprovider` does not answer or refuses" in said
    assert why in said
    assert "PULUMI_CONFIG_PASSPHRASE" not in said
    assert prod.settings(stack).read_bytes() == before


@pytest.mark.parametrize("stack", STACKS)
def test_it_is_previewed_to_its_end_where_nothing_answers(prod: Checkout, stack: str) -> None:
    """The whole plan: of `prod-adopt` everything but what its platform stands on."""
    before = prod.settings(stack).read_bytes()
    assert KEYS[stack].encode() in before
    done = prod.run("tenantry", "preview", "--stack", stack, "--json")
    said = done.stdout + done.stderr
    assert prod.settings(stack).read_bytes() == before
    assert not list(prod.folder.glob(f"Pulumi.{stack}.yaml?*"))
    assert done.returncode == 0, said[-6000:]
    outcome: dict[str, Any] = json.loads(done.stdout)
    assert outcome["errors"] == []
    warnings = [warning["text"] for warning in outcome["warnings"] if not warning["text"].startswith("policy report:")]
    host = "pgm-placeholder" if stack == "prod-adopt" else "pgm-tenantry"
    for system in SILENT:
        silent = system.format(host=host)
        assert len([text for text in warnings if text.startswith(silent)]) == 1, warnings
    assert len(warnings) <= len(SILENT) + 1  # the cloud is not within reach everywhere
    planned = {operation["tenant"] for operation in outcome["operations"]}
    files = (prod.folder / "tenants").glob("k*.yaml")
    assert planned >= {file.stem for file in files if "status: purged" not in file.read_text(encoding="utf-8")}
    assert outcome["changes"]["created"] > 500
    made = {operation["resource"].split("::")[2].rpartition("$")[2] for operation in outcome["operations"]} & set(
        FOUNDATION
    )
    assert made == (set() if stack == "prod-adopt" else set(FOUNDATION))
    assert "make status" not in said
    assert not [value for value in SECRETS.values() if value in said]


def test_what_moves_everything_is_refused_before_the_first_call(prod: Checkout) -> None:
    """By plain Pulumi too; nothing is within reach here, so that a first call would end in another way."""
    prod.remember(accountId="1111111111111111", clusterName="tenantry", **{"foundation.network.cidr": "10.80.0.0/16"})
    before = prod.pulumi("stack", "export")
    plain = ("pulumi", "up", "--stack", "prod", "--yes", "--skip-preview", "--non-interactive")
    for command in (("tenantry", "up", "--stack", "prod"), plain):
        done = prod.run(*command, TENANTRY_WITHOUT_POLICIES="prod")
        said = done.stdout + done.stderr
        assert done.returncode != 0
        assert "nothing was changed:" in said
        assert re.search(
            r"Pulumi\.prod\.yaml:\d+: tenantry:accountId: was 1111111111111111, is 0000000000000000: ", said
        ), said[-4000:]
        moved = r"Pulumi\.prod\.yaml:\d+: tenantry:foundation\.network\.cidr: was 10\.80\.0\.0/16, is 10\.64\.0\.0/16: "
        assert re.search(moved, said), said[-4000:]
        asked = "accountId=0000000000000000 foundation.network.cidr=10.64.0.0/16"
        assert f"tenantry:allowChange '{asked}' --stack prod" in said
        assert "tenantry:clusterName" not in said
        assert "does not answer" not in said
    held = json.loads(prod.pulumi("stack", "export"))["deployment"]["resources"]
    assert [record["outputs"] for record in held if record["type"] == "pulumi:pulumi:Stack"] == [
        resource["outputs"] for resource in json.loads(before)["deployment"]["resources"]
    ]


def test_a_torn_lock_stops_every_run_until_it_is_cancelled(prod: Checkout) -> None:
    """Nobody can tell whose it is; the engine itself takes it away when it is told to."""
    state = Path(prod.env["PULUMI_BACKEND_URL"].removeprefix("file://").partition("?")[0])
    lock = state / ".pulumi" / "locks" / "organization" / "tenantry" / "prod" / "torn.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("")
    done = prod.run("tenantry", "up", "--stack", "prod")
    assert done.returncode == 4
    assert str(lock) in done.stdout + done.stderr
    assert "`pulumi cancel --stack prod`" in done.stdout + done.stderr
    assert lock.exists()
    assert prod.run("pulumi", "cancel", "--yes", "--stack", "prod").returncode == 0
    assert not lock.exists()


@pytest.mark.parametrize("options", [(), ("--continue-on-error",)], ids=["plain", "ours"])
def test_a_change_is_remembered_by_a_run_that_came_to_its_end(
    prod: Checkout, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """A run's other outputs are remembered also when it failed."""
    (tmp_path / "Pulumi.yaml").write_text(f"name: ending-{len(options)}\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(ENDING)

    def pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
        known = {"PYTHONPATH": str(ROOT), "PULUMI_CONFIG_PASSPHRASE": "for tests only"}
        return prod.run("pulumi", "-C", str(tmp_path), *arguments, "--non-interactive", **known)

    assert pulumi("stack", "init", "test").returncode == 0
    for value, bad, settings in (("v1", "false", "v1"), ("v2", "true", "old"), ("v3", "false", "v3")):
        pulumi("config", "set", "value", value)
        pulumi("config", "set", "bad", bad)
        done = pulumi("up", "--yes", "--skip-preview", *options)
        assert (done.returncode == 0) is (bad == "false"), done.stdout + done.stderr
        assert json.loads(pulumi("stack", "output", "--json").stdout) == {
            "settings": settings,
            "other": value,
            "tenants": {},
        }
