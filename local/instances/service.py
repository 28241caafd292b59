"""A service of the embedded default: started once in the background, logged, stopped by command; a crash is told."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from local.instances.instance import Instance, write_whole
from local.shared.progress import Progress
from tenantry.engine.process import process_table

START_SECONDS = 120
STOP_SECONDS = 30


class ServiceFailed(Exception):
    """A service ended or did not get ready; the message carries the last lines of its log."""


@dataclass(frozen=True)
class Service:
    """One service: its start and its stop. `command` is called only when it is not running."""

    name: str
    command: Callable[[], list[str]]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    user: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    after_start: Callable[[], None] = lambda: None


def start(instance: Instance, service: Service) -> bool:
    """Spawns the service unless it runs. Returns whether it was spawned."""
    if running(instance, service.name):
        return False
    command = service.command()
    with _log(instance, service.name).open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env=os.environ | service.environment,
            user=service.user,
            group=service.user,
            extra_groups=[] if service.user is not None else None,
        )
    born = process_table.process(process.pid)
    record = {"pid": process.pid, "boot": process_table.boot(), "ticks": born.started_ticks if born else None}
    write_whole(_record(instance, service.name), json.dumps(record))
    return True


def wait_ready(instance: Instance, service: Service, progress: Progress) -> None:
    """Returns when the service answers. Raises ServiceFailed when it ends first or takes over START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while not service.ready():
        process = running(instance, service.name)
        if process is None or process.status() == psutil.STATUS_ZOMBIE:
            raise ServiceFailed(f"{service.name} ended while starting.{last_lines(instance, service.name)}")
        if time.monotonic() > deadline:
            raise ServiceFailed(
                f"{service.name} is not ready after {START_SECONDS} s.{last_lines(instance, service.name)}"
            )
        progress.say(f"waiting for {service.name}")
        time.sleep(0.05)
    service.after_start()


def stop(instance: Instance, name: str, stop_signal: signal.Signals) -> bool:
    """Ends the recorded process: by its own signal, by SIGKILL after STOP_SECONDS. Returns whether there was one."""
    process = running(instance, name)
    if process is not None:
        process.send_signal(stop_signal)
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
    _record(instance, name).unlink(missing_ok=True)
    return process is not None


def running(instance: Instance, name: str) -> psutil.Process | None:
    """The recorded process if it is still that one: a pid that was given to somebody else since does not count."""
    try:
        record: dict[str, Any] = json.loads(_record(instance, name).read_text())
        process = process_table.process(record["pid"])
        if process is not None and _is_recorded(process, record):
            return psutil.Process(process.pid)
    except (FileNotFoundError, psutil.NoSuchProcess, ValueError, KeyError, TypeError):  # none, gone, or torn
        return None
    return None


def _is_recorded(process: process_table.Process, record: dict[str, Any]) -> bool:
    if "started" in record:  # by an older release, as a time of day
        return abs(psutil.Process(process.pid).create_time() - record["started"]) < 1
    return (process_table.boot(), process.started_ticks) == (record["boot"], record["ticks"])


def crashed(instance: Instance, name: str) -> bool:
    """Tells whether the service was started, was not stopped by command, and is gone."""
    return _record(instance, name).exists() and running(instance, name) is None


def last_lines(instance: Instance, name: str, count: int = 15) -> str:
    """The end of the service's log, ready to follow a sentence."""
    log = _log(instance, name)
    lines = log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []
    return f" The last lines of {log}:\n" + "\n".join(f"  {line}" for line in lines)


def _log(instance: Instance, name: str) -> Path:
    return instance.folder / "log" / f"{name}.log"


def _record(instance: Instance, name: str) -> Path:
    return instance.folder / "run" / f"{name}.json"
