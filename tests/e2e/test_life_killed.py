"""SIGKILL of the engine and of `tenantry purge` all through soft delete, cancel and purge: nothing is lost, the next
run goes on.

An up is killed at an operation that waits for it; the next begins where that one was killed, until one comes through.
`make test` kills at the seed's part of the operations, `make test-all` at every one, before it and after it.
"""

import json
import re
import signal
import sys
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from local.instances.throwaway import World
from tests.support.killed_runs.held_calls import Operation
from tests.support.killed_runs.kills import hold_plugins, kill_at, kill_at_each

DAY = date(2026, 10, 2)
UP_PARTS = 32  # of an up's operations, some 40 to 60, each of which can be killed at two moments
COMMAND_PARTS = 16  # of the changes that `tenantry purge` makes, some 9 to 40
Check = Callable[[], None]


def _is_change(operation: Operation) -> bool:
    return operation.method != "Diff"


def _through(life: Any, seed: int | None, check: Check, of: Callable[[Operation], bool] = _is_change) -> set[str]:
    """Kills the transition that the files ask for at its operations; `check` must hold after every kill.

    Returns the methods of the operations at which it was killed.
    """
    before = _resources(life)
    killed = kill_at_each(life.world, of, UP_PARTS, seed, lambda _: check())
    check()
    life.world.up()
    assert not life.world.state().get("pending_operations")
    if seed is None and of is _is_change:
        after = _resources(life)
        changed = {urn for urn in before | after if _inputs(before.get(urn)) != _inputs(after.get(urn))}
        missed = changed - {operation.urn for operation in killed}
        assert not missed, f"no kill met: {', '.join(sorted(urn.rpartition('::')[2] for urn in missed))}"
    return {operation.method for operation in killed}


def _resources(life: Any) -> dict[str, Any]:
    resources = (resource for resource in life.world.resources() if resource["custom"])
    return {resource["urn"]: resource for resource in resources if not resource["type"].startswith("pulumi:")}


def _inputs(resource: dict[str, Any] | None) -> str | None:
    """A secret's ciphertext left out: it differs from one writing of the state to the next."""
    if resource is None:
        return None
    return re.sub(r'"ciphertext": "[^"]*"', "", json.dumps(resource.get("inputs"), sort_keys=True))


def _purge_through(life: Any, seed: int | None, is_done: Callable[[], bool], check: Check) -> int:
    """Kills the command before each call of the seed's part that changes something, one at a time, until it comes
    through.

    Returns how often it was killed.
    """
    met = life.world.folder / "met"
    met.write_text("")
    part = "all" if seed is None else f"{seed % COMMAND_PARTS}/{COMMAND_PARTS}"
    purge = (sys.executable, "-m", "tests.support.killed_runs.dying", str(met), part, "purge", "--stack", "local")
    while (done := life.world.run(*purge, ok=None)).returncode == -signal.SIGKILL:
        check()
    check()
    assert done.returncode == 0, done.stderr
    assert is_done()
    return len(met.read_text().splitlines())


def _file(life: Any) -> Any:
    """Whole, whatever was killed: one that is half written would not be YAML, or lack a field."""
    return yaml.safe_load(life.world.tenant_file("k001").read_text())


def _expect(killed: set[str], methods: set[str], seed: int | None) -> None:
    """Without a seed each of the methods was met; a part may hold none of some."""
    assert seed is not None or methods <= killed


@pytest.fixture(scope="module")
def life(world: World, open_life: Callable[..., Any]) -> Any:
    hold_plugins(world)
    return open_life(world, "k001", "k002")


@pytest.fixture(scope="module")
def before(life: Any) -> Any:
    return life.data()


@pytest.fixture
def unchanged(life: Any, before: Any) -> Check:
    def check() -> None:
        assert life.data() == before

    return check


def test_soft_delete(life: Any, unchanged: Check, seed: int | None) -> None:
    life.on(DAY)
    life.delete(DAY)
    _expect(_through(life, seed, unchanged), {"Create", "Update", "Delete"}, seed)
    assert life.phase() == "retained"
    assert "k001" not in life.records()
    assert life.namespaces() == ["tenant-k002"]
    assert not life.may_log_in()
    assert life.assume() is None
    complete = [backup for backup in life.backups() if backup[1] == "completed"]
    assert len(complete) == 1, "the backup of one deletion was taken twice"
    assert set(life.cleanup().values()) == {"pending"}


def test_cancel(life: Any, unchanged: Check, seed: int | None) -> None:
    life.write(status="active", deleted_at=None)
    _expect(_through(life, seed, unchanged), {"Create", "Update"}, seed)
    assert life.phase() == "active"
    assert life.may_log_in()
    assert life.may_use(life.assume())
    assert life.records().count("k001") == 1
    app = life.world.kubectl("get", "deployment", "business-app", "-n", "tenant-k001")
    assert app["status"]["availableReplicas"] == app["spec"]["replicas"]
    assert life.cleanup() == {}


def test_the_proof(life: Any, unchanged: Check, seed: int | None) -> None:
    """The command itself is killed before its changes: it neither loses its proof nor writes the file without one."""
    life.delete(DAY)
    life.world.up()
    life.on(DAY + timedelta(days=60))
    life.world.up()
    assert life.phase() == "due"
    killed = _purge_through(life, seed, lambda: _file(life)["status"] == "purged", unchanged)
    assert seed is not None or killed > 1
    document = _file(life)
    verified = [backup[0] for backup in life.backups() if backup[1] == "verified"]
    assert document["proof"] in verified
    life.world.run("tenantry", "backup", "k002", "--stack", "local")
    life.world.run("tenantry", "backup", "kargerdensales", "--stack", "local")
    assert not [name for name in life.databases() if name.startswith("tenantry_scratch")]


def test_lifting(life: Any, unchanged: Check, seed: int | None) -> None:
    """Protection is lifted without a call to a provider but for the question whether something differs."""
    protected = {urn for urn, resource in _resources(life).items() if resource.get("protect")}
    lifted: list[int] = []

    def check() -> None:
        unchanged()
        lifted.append(sum(not _resources(life)[urn].get("protect") for urn in protected))

    _expect(_through(life, seed, check, lambda operation: operation.name.startswith("k001-")), {"Diff"}, seed)
    assert life.phase() == "purging"
    assert seed is not None or any(0 < number < len(protected) for number in lifted)
    assert not any(resource.get("protect") for resource in life.world.resources() if "::k001-" in resource["urn"])


def test_the_burial(life: Any, unchanged: Check, seed: int | None) -> None:
    """Killed as well: the file is the one before or the tombstone, which keeps the phone, and nothing is gone."""
    purged = _file(life)

    def check() -> None:
        unchanged()
        assert {key: _file(life)[key] for key in ("code", "phone", "status", "proof")} == {
            key: purged[key] for key in ("code", "phone", "status", "proof")
        }

    killed = _purge_through(life, seed, lambda: "plan" not in _file(life), check)
    assert seed is not None or killed > 1


def test_removal(life: Any, seed: int | None) -> None:
    kept = [backup for backup in life.backups() if backup[1] == "verified"]

    def nothing_without_proof() -> None:
        assert [backup for backup in life.backups() if backup[1] == "verified"] == kept
        emptied = all(held == {"versions": [], "uploads": []} for held in life.objects().values())
        assert emptied or "rent001" in life.databases(), "the database went before the objects"

    _expect(_through(life, seed, nothing_without_proof), {"Delete"}, seed)
    assert life.databases() == ["rent002"]
    assert life.roles() == []
    assert all(held == {"versions": [], "uploads": []} for held in life.objects().values())
    snapshot = life.world.alibaba()
    assert "tenant-k001" not in snapshot["roles"].keys() | snapshot["policies"].keys()
    assert not [resource for resource in life.world.resources() if "::k001" in resource["urn"]]
    killed = _purge_through(life, seed, lambda: "phone" not in _file(life), nothing_without_proof)
    assert seed is not None or killed > 1
    assert _file(life)["proof"] in [backup[0] for backup in kept]
    assert set(life.cleanup().values()) == {"completed"}
    again = life.world.up()
    assert all(word not in again.stdout for word in ("created", "updated", "deleted"))


def test_everything_returns_from_the_proved_backup(life: Any, before: Any) -> None:
    proof = yaml.safe_load(life.world.tenant_file("k001").read_text())["proof"]
    text = life.world.tenant_file("k002").read_text()
    life.world.tenant_file("k030").write_text(text.replace("k002", "k030").replace("13800138002", "13911113333"))
    assert kill_at(life.world, lambda operation: operation.name == "k030-opened" and operation.method == "Create")
    life.world.up()
    life.world.run("tenantry", "restore", "k001", "--from", proof, "--as", "k030", "--stack", "local")
    returned = life.data("k030", "kindergarten/rent/13911113333/")
    assert (returned["parents"], returned["mine"]) == (before["parents"], before["mine"])
    assert len(life.current("kindergarten/rent/13911113333/")) == 18


def _history(life: Any, code: str) -> list[dict[str, Any]]:
    """The runs that changed the tenant, oldest first."""
    told = life.world.run("tenantry", "history", code, "--json", "--most", "10000", "--stack", "local").stdout
    return json.loads(told)["runs"][::-1]


def test_the_history_tells_both_lives_and_the_killed_runs(life: Any) -> None:
    assert [(run["command"], run["result"]) for run in _history(life, "k030")] == [
        ("up", "killed"),
        ("up", "ok"),
        ("restore", "ok"),
    ]
    runs = _history(life, "k001")
    assert {"up", "purge"} == {run["command"] for run in runs}
    done = [change for run in runs for change in run["changes"] if change["outcome"] == "done"]
    last = {change["name"]: change["action"] for change in done}
    assert last.pop("k001") == "purge finish"
    assert "k001-db-database" in last
    assert set(last.values()) <= {"delete", "discard"}
