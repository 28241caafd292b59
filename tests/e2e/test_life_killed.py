"""SIGKILL of the engine all through soft delete, cancel and purge: the next run goes on, and nothing is lost before.

A run of a transition is killed as soon as the state names an operation under way that no run was killed in yet, until
one comes through: each begins where the one before was killed.
"""

import json
import re
import signal
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.throwaway import World
from tests.e2e.killing import kill_when

DYING = Path(__file__).with_name("dying.py")
DAY = date(2026, 10, 2)


def _marks(text: str, protected: set[str]) -> set[str]:
    """What is under way, and whose protection is gone: by these a transition's operations are told apart."""
    state = json.loads(text)["checkpoint"]["latest"]
    pending = {f"{one['type']} {one['resource']['urn']}" for one in state.get("pending_operations") or ()}
    lifted = {one["urn"] for one in state.get("resources") or () if not one.get("protect")} & protected
    return pending | {f"lifted {urn}" for urn in lifted}


def _through(life: Any, check: Callable[[], None]) -> set[str]:
    """Kills the transition that the files ask for once in each of its operations; `check` must hold after every kill.

    Returns the kinds of operations that were met.
    """
    before = _resources(life)
    protected = {urn for urn, one in before.items() if one.get("protect")}
    met: set[str] = set()

    def is_new(text: str) -> bool:
        marks = _marks(text, protected)
        new = bool(marks - met)
        met.update(marks)
        return new

    while kill_when(life.world, is_new):
        check()
    life.world.up()
    check()
    assert not life.world.state().get("pending_operations")
    after = _resources(life)
    changed = {urn for urn in before | after if _inputs(before.get(urn)) != _inputs(after.get(urn))}
    missed = changed - {mark.partition(" ")[2] for mark in met}
    assert not missed, f"no kill met: {', '.join(sorted(urn.rpartition('::')[2] for urn in missed))}"
    return {mark.partition(" ")[0] for mark in met}


def _resources(life: Any) -> dict[str, Any]:
    ours = (one for one in life.world.resources() if one["custom"] and not one["type"].startswith("pulumi:"))
    return {one["urn"]: one for one in ours}


def _inputs(resource: dict[str, Any] | None) -> str | None:
    """A secret's ciphertext left out: it differs from one writing of the state to the next."""
    if resource is None:
        return None
    return re.sub(r'"ciphertext": "[^"]*"', "", json.dumps(resource.get("inputs"), sort_keys=True))


def _purge_through(life: Any, is_done: Callable[[], bool], check: Callable[[], None]) -> int:
    """Kills the command before each call that changes something, one at a time, until it comes to its end.

    Returns how often it was killed.
    """
    met = life.world.folder / "met"
    met.write_text("")
    purge = (sys.executable, str(DYING), str(met), "purge", "--stack", "local")
    while (done := life.world.run(*purge, ok=None)).returncode == -signal.SIGKILL:
        check()
    check()
    assert done.returncode == 0, done.stderr
    assert is_done()
    return len(met.read_text().splitlines())


def _file(life: Any) -> Any:
    """Whole, whatever was killed: one that is half written would not be YAML, or lack a field."""
    return yaml.safe_load(life.world.tenant_file("k001").read_text())


@pytest.fixture(scope="module")
def life(world: World, open_life: Callable[..., Any]) -> Any:
    return open_life(world, "k001", "k002")


@pytest.fixture(scope="module")
def before(life: Any) -> Any:
    return life.data()


@pytest.fixture
def unchanged(life: Any, before: Any) -> Callable[[], None]:
    def check() -> None:
        assert life.data() == before

    return check


def test_soft_delete(life: Any, unchanged: Callable[[], None]) -> None:
    life.on(DAY)
    life.delete(DAY)
    assert {"creating", "updating", "deleting"} <= _through(life, unchanged)
    assert life.phase() == "retained"
    assert "k001" not in life.records()
    assert life.namespaces() == ["tenant-k002"]
    assert not life.may_log_in()
    assert life.assume() is None
    complete = [one for one in life.backups() if one[1] == "completed"]
    assert len(complete) == 1, "the backup of one deletion was taken twice"
    assert set(life.cleanup().values()) == {"pending"}


def test_cancel(life: Any, unchanged: Callable[[], None]) -> None:
    life.write(status="active", deleted_at=None)
    assert {"creating", "updating"} <= _through(life, unchanged)
    assert life.phase() == "active"
    assert life.may_log_in()
    assert life.may_use(life.assume())
    assert life.records().count("k001") == 1
    app = life.world.kubectl("get", "deployment", "business-app", "-n", "tenant-k001")
    assert app["status"]["availableReplicas"] == app["spec"]["replicas"]
    assert life.cleanup() == {}


def test_the_proof(life: Any, unchanged: Callable[[], None]) -> None:
    """The command itself is killed before each of its changes: it neither loses its proof nor writes the file without one."""
    life.delete(DAY)
    life.world.up()
    life.on(DAY + timedelta(days=60))
    life.world.up()
    assert life.phase() == "due"
    assert _purge_through(life, lambda: _file(life)["status"] == "purged", unchanged) > 1
    document = _file(life)
    verified = [one[0] for one in life.backups() if one[1] == "verified"]
    assert document["proof"] in verified
    life.world.run("tenantry", "backup", "k002", "--stack", "local")
    life.world.run("tenantry", "backup", "kargerdensales", "--stack", "local")
    assert not [name for name in life.databases() if name.startswith("tenantry_scratch")]


def test_lifting(life: Any, unchanged: Callable[[], None]) -> None:
    assert "lifted" in _through(life, unchanged)
    assert life.phase() == "purging"
    assert not any(one.get("protect") for one in life.world.resources() if "::k001-" in one["urn"])


def test_the_burial(life: Any, unchanged: Callable[[], None]) -> None:
    """Killed as well: the file is the one before or the tombstone, which keeps the phone, and nothing is gone."""
    purged = _file(life)

    def check() -> None:
        unchanged()
        assert {key: _file(life)[key] for key in ("code", "phone", "status", "proof")} == {
            key: purged[key] for key in ("code", "phone", "status", "proof")
        }

    assert _purge_through(life, lambda: "plan" not in _file(life), check) > 1


def test_removal(life: Any) -> None:
    kept = [one for one in life.backups() if one[1] == "verified"]

    def nothing_without_proof() -> None:
        assert [one for one in life.backups() if one[1] == "verified"] == kept
        emptied = all(held == {"versions": [], "uploads": []} for held in life.objects().values())
        assert emptied or "rent001" in life.databases(), "the database went before the objects"

    assert "deleting" in _through(life, nothing_without_proof)
    assert life.databases() == ["rent002"]
    assert life.roles() == []
    assert all(held == {"versions": [], "uploads": []} for held in life.objects().values())
    snapshot = life.world.alibaba()
    assert "tenant-k001" not in snapshot["roles"].keys() | snapshot["policies"].keys()
    assert not [one for one in life.world.resources() if "::k001" in one["urn"]]
    assert _purge_through(life, lambda: "phone" not in _file(life), nothing_without_proof) > 1
    assert _file(life)["proof"] in [one[0] for one in kept]
    assert set(life.cleanup().values()) == {"completed"}
    again = life.world.up()
    assert all(word not in again.stdout for word in ("created", "updated", "deleted"))


def test_everything_returns_from_the_proved_backup(life: Any, before: Any) -> None:
    proof = yaml.safe_load(life.world.tenant_file("k001").read_text())["proof"]
    text = life.world.tenant_file("k002").read_text()
    life.world.tenant_file("k030").write_text(text.replace("k002", "k030").replace("13800138002", "13911113333"))
    life.world.up()
    life.world.run("tenantry", "restore", "k001", "--from", proof, "--as", "k030", "--stack", "local")
    returned = life.data("k030", "kindergarten/rent/13911113333/")
    assert (returned["parents"], returned["mine"]) == (before["parents"], before["mine"])
    assert len(life.current("kindergarten/rent/13911113333/")) == 18
