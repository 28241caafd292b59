"""SIGKILL of the engine all through soft delete, cancel and purge: the next run goes on, and nothing is lost before.

Every run of a transition is killed a few writes of the state after it began, until one comes through: each begins where
the one before was killed.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import cycle
from typing import Any

import psutil
import pytest
import yaml

from local.throwaway import World

WRITES = (1, 4, 8, 13, 6, 2)  # of the state, after which a run is killed
MOST_KILLS = 5  # of one transition; the next run is left alone
DAY = date(2026, 10, 2)


def _engine(process: subprocess.Popen[bytes]) -> psutil.Process | None:
    try:
        for child in psutil.Process(process.pid).children(recursive=True):
            if child.name() == "pulumi" and "up" in child.cmdline():
                return child
    except psutil.Error:  # one of them ended while we looked
        return None
    return None


def _kill_after(world: World, writes: int) -> bool:
    """Starts an up and kills the engine at so many writes of its state; False when the up was faster."""
    state = world.folder / ".local" / "state" / ".pulumi" / "stacks" / "tenantry" / "local.json"
    process = subprocess.Popen(
        ["tenantry", "up", "--stack", "local"],
        cwd=world.folder,
        env=world.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    last, seen, engine = 0, 0, None
    try:
        while process.poll() is None:
            engine = engine or _engine(process)
            at = state.stat().st_mtime_ns if state.exists() else last
            if engine is not None and at != last:
                last, seen = at, seen + 1
                if seen > writes:  # the first is what was there before
                    os.kill(engine.pid, signal.SIGKILL)
                    return True
            time.sleep(0.003)
        return False
    except ProcessLookupError:
        return False
    finally:
        process.wait(120)


def _through(life: Any, check: Callable[[], None]) -> int:
    """Kills the transition that the files ask for again and again; `check` must hold after every kill."""
    kills = 0
    for writes in cycle(WRITES):
        killed = kills < MOST_KILLS and _kill_after(life.world, writes)
        check()
        if not killed:
            break
        kills += 1
    life.world.up()
    state = life.world.state()
    assert not state.get("pending_operations")
    check()
    return kills


def _purge_through(life: Any, moments: Iterable[float], is_done: Callable[[], bool], check: Callable[[], None]) -> None:
    """Kills the command so many seconds after it began, until one of them has come to its end, or none is left."""
    for moment in moments:
        process = subprocess.Popen(
            ["tenantry", "purge", "--stack", "local"],
            cwd=life.world.folder,
            env=life.world.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moment)
        process.kill()
        process.wait()
        check()
        if is_done():
            return
    life.purge()
    check()
    assert is_done()


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
    assert _through(life, unchanged) >= 3
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
    assert _through(life, unchanged) >= 3
    assert life.phase() == "active"
    assert life.may_log_in()
    assert life.may_use(life.assume())
    assert life.records().count("k001") == 1
    app = life.world.kubectl("get", "deployment", "business-app", "-n", "tenant-k001")
    assert app["status"]["availableReplicas"] == app["spec"]["replicas"]
    assert life.cleanup() == {}


def test_the_proof(life: Any, unchanged: Callable[[], None]) -> None:
    """The command itself is killed at six moments: it neither loses its proof nor writes the file without one."""
    life.delete(DAY)
    life.world.up()
    life.on(DAY + timedelta(days=60))
    life.world.up()
    assert life.phase() == "due"
    moments = [1.0 + 0.6 * number for number in range(6)]
    _purge_through(life, moments, lambda: _file(life)["status"] == "purged", unchanged)
    document = _file(life)
    verified = [one[0] for one in life.backups() if one[1] == "verified"]
    assert document["proof"] in verified
    life.world.run("tenantry", "backup", "k002", "--stack", "local")
    life.world.run("tenantry", "backup", "kargerdensales", "--stack", "local")
    assert not [name for name in life.databases() if name.startswith("tenantry_scratch")]


def test_lifting(life: Any, unchanged: Callable[[], None]) -> None:
    _through(life, unchanged)
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

    _purge_through(life, [0.6 + 0.2 * number for number in range(8)], lambda: "plan" not in _file(life), check)


def test_removal(life: Any) -> None:
    kept = [one for one in life.backups() if one[1] == "verified"]

    def nothing_without_proof() -> None:
        assert [one for one in life.backups() if one[1] == "verified"] == kept
        emptied = all(held == {"versions": [], "uploads": []} for held in life.objects().values())
        assert emptied or "rent001" in life.databases(), "the database went before the objects"

    assert _through(life, nothing_without_proof) >= 2
    assert life.databases() == ["rent002"]
    assert life.roles() == []
    assert all(held == {"versions": [], "uploads": []} for held in life.objects().values())
    snapshot = life.world.alibaba()
    assert "tenant-k001" not in snapshot["roles"].keys() | snapshot["policies"].keys()
    assert not [one for one in life.world.resources() if "::k001" in one["urn"]]
    _purge_through(
        life, [0.6 + 0.2 * number for number in range(8)], lambda: "phone" not in _file(life), nothing_without_proof
    )
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
