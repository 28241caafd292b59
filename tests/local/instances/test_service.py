"""Services: started once, stopped by command, a crash is told with the end of the log, a foreign pid is left alone."""

import json
import os
import shutil
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import pytest

from local.instances import service
from local.instances.instance import PORTS, Instance
from local.instances.service import Service, ServiceFailed
from local.shared.progress import Progress
from tenantry.engine.process import process_table


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("TENANTRY_LOCAL", str(tmp_path / "instance"))
    return Instance.here()


def _sleeper(instance: Instance, code: str = "import time; print('up', flush=True); time.sleep(60)") -> Service:
    log = instance.folder / "log" / "one.log"
    return Service("one", lambda: [sys.executable, "-c", code], ready=lambda: log.exists() and "up" in log.read_text())


def test_started_once_and_stopped_by_command(instance: Instance) -> None:
    one = _sleeper(instance)
    assert service.start(instance, one)
    service.wait_ready(instance, one, Progress("test"))
    process = service.running(instance, "one")
    assert process is not None
    assert not service.start(instance, one)
    assert service.running(instance, "one") == process
    assert service.stop(instance, "one", signal.SIGTERM)
    assert not psutil.pid_exists(process.pid)
    assert not service.stop(instance, "one", signal.SIGTERM)


def test_one_that_ignores_its_signal_is_killed(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "STOP_SECONDS", 0.5)
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    one = _sleeper(instance, code)
    service.start(instance, one)
    service.wait_ready(instance, one, Progress("test"))
    assert service.stop(instance, "one", signal.SIGTERM)
    assert service.running(instance, "one") is None


def test_a_crash_while_starting_shows_the_end_of_the_log(instance: Instance) -> None:
    one = _sleeper(instance, "print('no room left on the device'); raise SystemExit(3)")
    service.start(instance, one)
    with pytest.raises(ServiceFailed, match=r"one ended while starting(.|\n)*no room left on the device"):
        service.wait_ready(instance, one, Progress("test"))


def test_a_later_crash_is_told(instance: Instance) -> None:
    one = _sleeper(instance)
    service.start(instance, one)
    service.wait_ready(instance, one, Progress("test"))
    process = service.running(instance, "one")
    assert process is not None
    assert not service.crashed(instance, "one")
    process.kill()
    process.wait(5)
    assert service.crashed(instance, "one")
    assert "up" in service.last_lines(instance, "one")


@pytest.mark.parametrize(
    "since",
    [{"boot": process_table.boot(), "ticks": 1}, {"boot": "another", "ticks": "own"}, {"started": 12345.0}],
    ids=["later", "another boot", "older release"],
)
def test_a_pid_that_belongs_to_somebody_else_by_now_is_left_alone(instance: Instance, since: dict[str, Any]) -> None:
    own = process_table.process(os.getpid())
    assert own is not None
    record = {"pid": own.pid} | since | ({"ticks": own.started_ticks} if since.get("ticks") == "own" else {})
    (instance.folder / "run" / "one.json").write_text(json.dumps(record))
    assert service.running(instance, "one") is None
    assert not service.stop(instance, "one", signal.SIGTERM)


def test_a_service_of_an_older_release_is_known_again(instance: Instance) -> None:
    record = {"pid": os.getpid(), "started": psutil.Process().create_time()}
    (instance.folder / "run" / "one.json").write_text(json.dumps(record))
    assert service.running(instance, "one") == psutil.Process()


def test_it_runs_on_when_the_clock_is_set(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    one = _sleeper(instance)
    service.start(instance, one)
    moved = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: moved(self) + 3600)
    assert service.running(instance, "one") is not None
    assert service.stop(instance, "one", signal.SIGTERM)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "{}"])
def test_a_torn_record_is_none(instance: Instance, text: str) -> None:
    (instance.folder / "run" / "one.json").write_text(text)
    assert service.running(instance, "one") is None
    assert not service.stop(instance, "one", signal.SIGTERM)


def test_ports_are_remembered_until_somebody_takes_one(instance: Instance) -> None:
    first = instance.ports()
    assert instance.ports() == first
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", first["alibaba"]))
        assert instance.ports(running=["alibaba"]) == first
        second = instance.ports(running=["postgresql", "kubernetes"])
    assert second["alibaba"] != first["alibaba"]
    assert {**second, "alibaba": first["alibaba"]} == first


def test_the_ports_of_what_runs_are_its_own(instance: Instance) -> None:
    """All three of the control plane: none is taken for somebody else's while it runs."""
    first = instance.ports()
    with ExitStack() as held:
        for name in PORTS["kubernetes"]:
            held.enter_context(socket.socket()).bind(("127.0.0.1", first[name]))
        assert instance.ports(running=["kubernetes"]) == first


def test_a_folder_with_somebodys_files_is_no_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`clean` would remove them."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    monkeypatch.setenv("TENANTRY_LOCAL", str(mine))
    with pytest.raises(SystemExit, match="is no instance of tenantry: set TENANTRY_LOCAL"):
        Instance.here()
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    (mine / "ports.json").write_text("{}")  # what an older release has left
    assert Instance.here().folder == mine


def test_who_waited_for_an_instance_that_is_removed_meanwhile_is_told(instance: Instance) -> None:
    entered, left = Event(), Event()
    found: list[str] = []

    def second() -> None:
        entered.wait()
        try:
            with instance.locked():
                found.append("went on")
        except SystemExit as refused:
            found.append(str(refused))
        left.set()

    waiting = Thread(target=second)
    waiting.start()
    with instance.locked():
        entered.set()
        assert not left.wait(0.3)
        shutil.rmtree(instance.folder)
    waiting.join()
    assert "was removed by another command" in found[0]


def test_nobody_else_may_enter_the_instance(instance: Instance) -> None:
    assert instance.folder.stat().st_mode & 0o077 == 0
    assert instance.secrets["postgresql"]
    assert (instance.folder / "secrets.json").stat().st_mode & 0o077 == 0
