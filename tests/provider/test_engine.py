"""The provider under the real engine, found through `plugins:` and declared through
components/shared/provider_resources.py."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tenantry.database.onboarding_steps import STEPS, Change, record

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "kindergarten/rent/13800138001/"
PROJECT = f"name: steps\nruntime: python\nplugins:\n  providers:\n    - name: tenantry\n      path: {ROOT}/provider\n"
PROGRAM = """
import json
import pulumi
from components.shared.provider_resources import CloneRights, Directories, Migrations, Seed, StepsProvider, TenantRow

with open("settings.json", encoding="utf-8") as stream:
    settings = json.load(stream)
provider = StepsProvider("steps", postgresql=settings["postgresql"], alibaba=settings["alibaba"])
options = pulumi.ResourceOptions(provider=provider)
rights = CloneRights("rights", database="clone", owner="clone", logins=["clone_a", "clone_b"], statement_timeout_s=30,
    idle_timeout_s=60, connection_limit=20, opts=options)
known = pulumi.Output.secret("a secret name")
Seed("seed", database="clone", kindergarten={"code": "k001", "name": "x", "phone": "13800138001", "contactName": known},
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[rights]))
schema = Migrations("migrations", database="empty", set="admin", digest=settings["digest"], opts=options)
row = {"adminDatabase": "empty", "tenantId": "k001", "name": settings["name"], "domain": "k001.yyup.cc",
    "databaseName": "clone", "status": "active", "planType": "basic", "maxUsers": 100, "maxStorage": 10 * 1024**3,
    "contactPhone": "13800138001", "settings": {"a": [1, {"b": None}]}}
TenantRow("row", row, opts=pulumi.ResourceOptions(provider=provider, depends_on=[schema]))
Directories("directories", objects=settings["objects"],
    regions={"system-bucket": "cn-guangzhou", "photo-bucket": "cn-shanghai"}, opts=options)
pulumi.export("version", schema.version)
"""
# Tenants of a row and a seal, remembered as the program of the stacks remembers.
MEMORY = """
import json
from types import SimpleNamespace
import pulumi
from components.shared.provider_resources import Migrations, Opened, StepsProvider, TenantRow
from stacks.last_run import last_run, own_outputs
from stacks.outputs import Mine, note, tenants_after

with open("settings.json", encoding="utf-8") as stream:
    settings = json.load(stream)


async def main():
    last = await last_run(own_outputs())
    provider = StepsProvider("steps", postgresql=settings["postgresql"], alibaba=settings["alibaba"])
    options = pulumi.ResourceOptions(provider=provider)
    schema = Migrations("migrations", database="empty", set="admin", digest="one", opts=options)
    mine = []
    for number, (code, wanted) in enumerate(settings["tenants"].items()):
        row = {"adminDatabase": "empty", "tenantId": code, "name": json.dumps(wanted), "domain": f"{code}.yyup.cc",
            "databaseName": code, "status": "active", "planType": "basic", "maxUsers": 100, "maxStorage": 10 * 1024**3,
            "contactPhone": f"1380013800{number}"}
        first = TenantRow(f"{code}-row", row, opts=pulumi.ResourceOptions(provider=provider, depends_on=[schema]))
        opened = Opened(f"{code}-opened", opening={"database": "empty", "tenant": code}, domain=None, address=None,
            removal={}, memory=wanted, opts=pulumi.ResourceOptions(provider=provider, depends_on=[first]))
        part = SimpleNamespace(first=first, remembered=opened.remembered)
        mine.append(Mine(code, wanted, last.held.get(code), part))
    note({}, mine)
    return {"tenants": tenants_after(mine, is_partial=False)}


pulumi.run(main)
"""
OBJECTS = {"system-bucket": [f"{PREFIX}temp/"], "photo-bucket": [f"{PREFIX}photos/"]}


class Engine:
    def __init__(self, folder: Path, settings: dict[str, Any], program: str = PROGRAM) -> None:
        self.folder, self.settings = folder, settings
        built = Path(os.environ.get("TENANTRY_BIN", ROOT / ".local" / "built")) / "pulumi"
        if not built.is_file():
            pytest.fail(
                f"there is no engine at {built}: run `make build`, or set TENANTRY_BIN to a folder that holds it"
            )
        tools = folder / "bin"
        tools.mkdir()
        try:
            (tools / "pulumi").hardlink_to(built.resolve())
        except OSError:  # another file system
            shutil.copy2(built, tools / "pulumi")
        launcher = tools / "pulumi-language-python"
        launcher.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -P -m local.language_host "$@"\n')
        launcher.chmod(0o755)
        (folder / "Pulumi.yaml").write_text(PROJECT)
        (folder / "__main__.py").write_text(program)
        (folder / "state").mkdir()

    def __call__(self, *arguments: str, ok: bool = True) -> str:
        (self.folder / "settings.json").write_text(json.dumps(self.settings))
        env = os.environ | {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "for tests only",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }
        done = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stdout
        return done.stdout

    def up(self) -> str:
        return self("up", "--yes", "--skip-preview")

    def state(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "state").rglob("*.json*"))


@pytest.fixture
def engine(settings: Callable[..., dict[str, Any]], cloud: Any, tmp_path: Path) -> Generator[Engine]:
    made = Engine(
        tmp_path,
        {"postgresql": settings(), "alibaba": cloud.settings, "digest": "one", "name": "幼儿园", "objects": OBJECTS},
    )
    made("stack", "init", "dev")
    yield made
    made("destroy", "--yes", "--skip-preview")


@pytest.fixture
def databases(clone: str, server: Any) -> Generator[None]:
    with server.database("empty"):
        yield


def test_made_kept_repaired_and_removed(databases: None, engine: Engine, server: Any, cloud: Any) -> None:
    shown = engine("preview")
    assert "7 to create" in shown, shown
    shown = engine.up()
    assert "7 created" in shown, shown
    assert "7 unchanged" in engine.up()
    assert "7 unchanged" in engine("preview")

    # Changes of others: told by a refresh, repaired by the next update.
    with server.connect("clone") as session:
        session.execute("GRANT CONNECT ON DATABASE clone TO PUBLIC")
    with server.connect("empty") as session:
        session.execute("UPDATE tenants SET plan_type = 'premium'")
    cloud.bucket("photo-bucket").delete_object(OBJECTS["photo-bucket"][0])
    assert "7 unchanged" not in engine("refresh", "--yes", "--skip-preview")
    shown = engine.up()
    assert "3 updated" in shown, shown
    assert "7 unchanged" in engine("refresh", "--yes", "--skip-preview")
    assert "7 unchanged" in engine.up()
    assert cloud.keys("photo-bucket") == OBJECTS["photo-bucket"]

    for secret in (server.password, cloud.settings["secretKey"], "a secret name"):
        assert secret not in engine.state() + shown

    # A change of one input reaches one resource.
    engine.settings["name"] = "新名字"
    shown = engine.up()
    assert "1 updated" in shown, shown
    with server.connect("empty") as session:
        assert session.execute("SELECT name FROM tenants").fetchone() == ("新名字",)

    engine("destroy", "--yes", "--skip-preview")
    with server.connect() as session:
        count = session.execute("SELECT count(*) FROM pg_database WHERE datname IN ('clone', 'empty')").fetchone()
        assert count == (2,)
    assert cloud.keys("system-bucket") == []


def test_a_state_that_was_lost_is_made_again_from_what_is_there(databases: None, engine: Engine, server: Any) -> None:
    """The state is that after an engine that was killed between the actions and their record."""
    engine.up()
    for path in (engine.folder / "state" / ".pulumi").rglob("dev.json*"):
        path.unlink()
    engine("stack", "init", "dev")
    assert "7 created" in engine.up()
    with server.connect("empty") as session:
        assert session.execute("SELECT count(*) FROM tenants").fetchone() == (1,)


def test_an_error_names_the_resource_the_step_and_the_remedy(databases: None, engine: Engine) -> None:
    engine.settings["objects"] = {**OBJECTS, "no-such-bucket": ["a/"]}
    with pytest.raises(AssertionError) as caught:
        engine.up()
    assert "no region is given for the bucket no-such-bucket: add it to `regions`" in str(caught.value)
    engine.settings["objects"] = OBJECTS
    assert "Traceback" not in str(caught.value)
    engine.up()


NAMES = ("domain", "database", "namespace", "prefix", "role", "cell")


def asked(code: str, *rotations: list[Any]) -> dict[str, Any]:
    """The record that a run is to keep of a tenant."""
    given = {"rotations": list(rotations)} if rotations else {}
    return {
        **{name: f"{name} of {code}" for name in NAMES},
        "phase": "active",
        "plan": "basic",
        "services": [],
        **given,
    }


@pytest.fixture
def remembering(settings: Callable[..., dict[str, Any]], server: Any, tmp_path: Path) -> Generator[Engine]:
    with server.database("empty"):
        made = Engine(tmp_path, {"postgresql": settings(), "alibaba": {}, "tenants": {}}, MEMORY)
        made("stack", "init", "dev")
        made.up()
        with server.connect("empty") as session:  # as the resources record that are not there
            for code in ("k001", "k002"):
                for statement, values in record(code, Change(completed=[step for step in STEPS if step != "done"])):
                    session.execute(statement, values)
        yield made


def remembered(engine: Engine) -> dict[str, Any]:
    return json.loads(engine("stack", "output", "--json"))["tenants"]


def test_only_what_was_done_is_remembered(remembering: Engine, server: Any) -> None:
    """Runs that fail, that are told to go elsewhere, that stop at the first failure; and then one that does it."""
    engine = remembering
    engine.settings["tenants"] = {"k001": asked("k001")}
    engine.up()
    assert remembered(engine) == {"k001": asked("k001")}

    first, again = asked("k001", ["credentials", 2, "2026-10-01"]), asked("k001", ["credentials", 2, "2026-10-10"])
    engine.settings["tenants"] = {"k001": first, "k002": asked("k002")}
    with server.connect("empty") as session:
        session.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    assert "refused" in engine("up", "--yes", "--skip-preview", "--continue-on-error", ok=False)
    assert remembered(engine) == {"k001": asked("k001")}, "of one that failed the run before is remembered"
    engine("up", "--yes", "--skip-preview", "--target", "urn:pulumi:dev::steps::tenantry:index:Migrations::migrations")
    assert remembered(engine) == {"k001": asked("k001")}, "of one left out too; a new one is none"
    engine("up", "--yes", "--skip-preview", ok=False)
    assert remembered(engine) == {"k001": asked("k001"), "k002": asked("k002") | {"opening": True}}

    with server.connect("empty") as session:
        session.execute("DROP FUNCTION refuse CASCADE")
    engine.settings["tenants"] = {"k001": again, "k002": asked("k002")}
    engine.up()
    assert remembered(engine) == engine.settings["tenants"]
    assert "7 unchanged" in engine("refresh", "--yes", "--skip-preview")
    assert "7 unchanged" in engine.up()
    assert remembered(engine) == engine.settings["tenants"]
