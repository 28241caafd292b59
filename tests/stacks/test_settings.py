"""A stack's configuration: described once, typed, and refused where it is wrong or not for this stack."""

import json
import re
from collections.abc import Callable
from datetime import date
from ipaddress import ip_network
from typing import Any

import pulumi
import pytest
import yaml

from components.shared.installation import EgressRule
from stacks.config import ROOT, StackConfig, read
from stacks.settings import SECRETS, Settings
from tenantry import names
from tenantry.spec.setting_keys import FOUNDATION

CLOCK = date(2026, 10, 20)
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"
TYPES = {"string", "integer", "boolean", "array"}


@pytest.fixture
def configured(record, settings, environment) -> Callable[..., StackConfig]:
    """Reads the configuration of a stack in which the given keys are set."""

    def run(stack: str = "test", secrets: tuple[str, ...] = (), around: Any = None, **changes: Any) -> StackConfig:
        kept: list[StackConfig] = []
        record(
            lambda: kept.append(read(environment if around is None else around, CLOCK)),
            stack=stack,
            config=settings(**changes),
            secrets=tuple(f"tenantry:{key}" for key in secrets),
        )
        return kept[0]

    return run


def test_pulumi_yaml_describes_every_key_that_is_read_and_no_other(project) -> None:
    read_keys = {str(field.alias) for field in Settings.model_fields.values()} | set(SECRETS)
    assert project["config"].keys() == read_keys
    for declared in project["config"].values():
        assert declared["type"] in TYPES
        assert declared["description"]
        assert "default" in declared


def test_the_defaults_are_the_names_that_tenantry_knows(project) -> None:
    default = {key: declared["default"] for key, declared in project["config"].items()}
    assert default["zone"] == names.DEFAULT_ZONE
    assert default["tenants"] == names.TENANTS_FOLDER
    assert default["systemBucket"] == names.SYSTEM_BUCKET
    assert default["photoBucket"] == names.PHOTO_BUCKET


def test_an_embedded_stack_is_complete_with_its_environment(configured) -> None:
    config = configured()
    assert (config.postgresql.host, config.postgresql.port, config.postgresql.sslmode) == ("127.0.0.1", 5433, "disable")
    assert config.installation.database_host == "127.0.0.1"
    assert config.installation.database_port == 5433
    assert config.alibaba.account_id == "1234567890123456"
    assert config.alibaba.proxy == "http://127.0.0.1:8085"
    assert config.today == CLOCK
    assert config.protect
    assert config.holds.platform
    assert config.holds.cell("main")
    assert config.system_layer == {"version": "1.0.0", "environment": "test", "region": "cn-guangzhou"}


PROD = {
    "accountId": "42",
    "databaseHost": "db.internal",
    "databaseUser": "tenantry",
    "databasePassword": "hidden-1",
    "alibabaAccessKey": "hidden-2",
    "alibabaSecretKey": "hidden-3",
    "kubeconfig": "hidden-4",
}
ENCRYPTED = ("databasePassword", "alibabaAccessKey", "alibabaSecretKey", "kubeconfig")


def test_another_stack_reads_nothing_from_the_environment(configured) -> None:
    config = configured(stack="prod", secrets=ENCRYPTED, **PROD)
    assert config.postgresql.host == "db.internal"
    assert config.postgresql.port == 5432
    assert config.alibaba.account_id == "42"
    assert config.alibaba.proxy is None


@pytest.mark.parametrize("key", PROD)
def test_what_is_missing_is_named(configured, key: str) -> None:
    with pytest.raises(pulumi.RunError, match=f"tenantry:{key} is not set") as error:
        configured(stack="prod", secrets=ENCRYPTED, **(PROD | {key: ""}))
    assert ("--secret" in str(error.value)) == (key in ENCRYPTED)


@pytest.mark.parametrize("key", ENCRYPTED)
def test_a_secret_in_clear_is_refused_and_not_repeated(configured, key: str) -> None:
    rest = tuple(other for other in ENCRYPTED if other != key)
    with pytest.raises(pulumi.RunError, match=f"tenantry:{key} stands in the stack's file in clear") as error:
        configured(stack="prod", secrets=rest, **PROD)
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize("stack", ["local", "test", "test-life-cycle", "local-2"])
def test_the_day_may_be_set_where_nothing_is_at_stake(configured, stack: str) -> None:
    assert configured(stack=stack, today="2026-12-24").today == date(2026, 12, 24)


@pytest.mark.parametrize("stack", ["prod", "prod-c02", "localhost", "testing", "mytest", "a-local"])
def test_the_day_may_not_be_set_elsewhere(configured, stack: str) -> None:
    with pytest.raises(pulumi.RunError, match="tenantry:today is refused"):
        configured(stack=stack, secrets=ENCRYPTED, today="2026-12-24", **PROD)


@pytest.mark.parametrize(("value", "protect"), [("", True), ("prod", True), ("yes", True), ("test", False)])
def test_protection_is_lifted_by_the_stacks_own_name_alone(configured, value: str, protect: bool) -> None:
    assert configured(allowDestroy=value).protect is protect


@pytest.mark.parametrize(
    ("holds", "platform", "main", "other"),
    [
        (["platform", "cells"], True, True, True),
        (["foundation", "platform", "cells"], True, True, True),
        (["platform"], True, False, False),
        (["platform", "cell/main"], True, True, False),
        (["cell/c02"], False, False, True),
    ],
)
def test_what_a_stack_holds(configured, holds, platform: bool, main: bool, other: bool) -> None:
    config = configured(holds=holds)
    assert (config.holds.platform, config.holds.cell("main"), config.holds.cell("c02")) == (platform, main, other)


def test_openings(configured) -> None:
    config = configured(egress=["tenantry-platform:4001", "10.1.0.0/16:5432", "fd00::/8:443"])
    assert config.installation.openings == (
        EgressRule("tenantry-platform", 4001),
        EgressRule(ip_network("10.1.0.0/16"), 5432),
        EgressRule(ip_network("fd00::/8"), 443),
    )


def test_requests_come_from_the_gateways_own_namespace_unless_another_is_named(configured) -> None:
    assert configured(gatewayNamespace="entry").installation.gateway.proxies == "entry"
    gateway = configured(gatewayProxyNamespace="envoy-gateway-system").installation.gateway
    assert (gateway.namespace, gateway.proxies) == ("tenantry-gateway", "envoy-gateway-system")


WRONG = {
    "holds": ["everything"],
    "egress": ["nowhere"],
    "gatewayAddress": "gateway.example.com",
    "databasePort": "70000",
    "databaseSslmode": "maybe",
    "oidcIssuer": "http://issuer.example.com",
    "oidcFingerprints": ["abc"],
    "healthPath": "health",
    "databaseCa": "/etc/ssl/ca.pem",
    "today": "tomorrow",
    "zone": "",
}


@pytest.mark.parametrize("holds", [["foundation", "cells"], ["foundation", "cell/c02"]])
def test_between_foundation_and_cells_comes_the_platform(configured, holds: list[str]) -> None:
    with pytest.raises(pulumi.RunError, match=r"tenantry:holds: .*name platform"):
        configured(holds=holds)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.9.9.9", "169.254.1.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
)
def test_an_address_that_nobody_can_reach_is_refused(configured, address: str) -> None:
    with pytest.raises(pulumi.RunError, match=r"tenantry:gatewayAddress: .*no address"):
        configured(gatewayAddress=address)


@pytest.mark.parametrize("address", ["192.0.2.10", "10.1.2.3", "100.64.0.1", "8.8.8.8"])
def test_any_other_address_is_taken(configured, address: str) -> None:
    assert configured(gatewayAddress=address).installation.gateway.address == address


@pytest.mark.parametrize(("key", "meant"), [("imageDigst", "imageDigest"), ("Holds", "holds"), ("system_region", None)])
def test_a_key_that_nobody_reads_is_refused(configured, key: str, meant: str | None) -> None:
    with pytest.raises(pulumi.RunError, match=f"tenantry:{key} is no setting") as error:
        configured(**{key: "hidden"})
    assert meant is None or f"is tenantry:{meant} meant?" in str(error.value)
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_value_is_refused_by_its_key(configured, key: str) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape(f"tenantry:{key}")):
        configured(**{key: WRONG[key]})


def test_a_private_key_among_the_certificates_is_refused_and_not_repeated(configured) -> None:
    with pytest.raises(pulumi.RunError, match=r"tenantry:databaseCa: .*holds a private key") as error:
        configured(databaseCa=f"{CERTIFICATE}\n-----BEGIN PRIVATE KEY-----\nhidden")
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    "problem", ["10.0.0.0/33:5432", "10.0.0.1/8:5432", ":5432", "ns:0", "ns:65536", "ns:", "ns:1.5"]
)
def test_an_opening_that_is_none_is_refused(configured, problem: str) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape("tenantry:egress[0]")):
        configured(egress=[problem])


@pytest.mark.parametrize("zone", ["*.cc", "YYUP.CC", "yyup.cc.", "yyup", "a b.cc"])
def test_a_zone_that_is_none_is_refused(configured, zone: str) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape("tenantry:zone: Value error, is no DNS zone")):
        configured(zone=zone)


def test_all_that_is_wrong_is_said_at_once(configured) -> None:
    with pytest.raises(pulumi.RunError) as error:
        configured(healthPath="x", databasePort="0x")
    assert len(str(error.value).splitlines()) == 3


@pytest.mark.parametrize("stack", ["local", "prod", "prod-adopt"])
def test_a_stacks_file_sets_only_known_keys_and_no_secret(project, stack: str) -> None:
    given = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    keys = {key.removeprefix("tenantry:") for key in given}
    assert keys <= {*project["config"].keys(), FOUNDATION}
    assert not keys & set(SECRETS)


ALONE = {
    "zones": ["cn-guangzhou-a", "cn-guangzhou-b"],
    "cluster": {"adopt": "c1"},
    "databaseServer": {"adopt": "pgm-1"},
    "deployer": {"adopt": "ci"},
}


def test_the_first_run_holds_the_foundation_alone_and_asks_for_no_cluster(run, tenants) -> None:
    """Neither is there yet; nothing of the platform and no tenant is registered."""
    recording = run(tenants(k001={}), holds=["foundation"], foundation=json.dumps(ALONE))
    kinds = {resource.type for resource in recording.resources if not resource.type.startswith("pulumi:providers:")}
    assert "alicloud:vpc/network:Network" in kinds
    assert not [kind for kind in kinds if kind.startswith(("kubernetes:", "postgresql:", "tenantry:index:"))]
    assert not recording.of("Tenant")
    assert recording.result["foundation"]["cluster"] == "c1"
    assert recording.result["settings"]["holds"] == "foundation"


def test_a_foundation_alone_must_say_of_what_and_a_wrong_one_names_the_field(refused, tenants) -> None:
    assert "tenantry:foundation does not say of what" in refused(tenants(k001={}), holds=["foundation"])
    problem = json.dumps({**ALONE, "zones": ["cn-guangzhou-a"]})
    said = refused(tenants(k001={}), holds=["foundation"], foundation=problem)
    assert "tenantry:foundation.zones: " in said
