"""Ups whose engine is killed at a moment that the state tells."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from local.throwaway import World

LONGEST_S = 300


def kill_when(world: World, reached: Callable[[str], bool]) -> bool:
    """Starts `tenantry up` and SIGKILLs the engine once its state, as written, has reached the moment.

    False when the up came to its end without it.
    """
    state = world.folder / ".local" / "state" / ".pulumi" / "stacks" / "tenantry" / "local.json"
    process = subprocess.Popen(
        ["tenantry", "up", "--stack", "local"],
        cwd=world.folder,
        env=world.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline, engine, seen = time.monotonic() + LONGEST_S, None, (0, 0)
    try:
        while process.poll() is None and time.monotonic() < deadline:
            engine = engine or _engine(process)
            written = _version(state) if engine else seen
            if engine and written != seen:
                seen = written
                engine.suspend()  # so that nothing begins and ends while we read
                if reached(state.read_text()):
                    engine.kill()
                    return True
                engine.resume()
            time.sleep(0.001)
        return False
    except psutil.NoSuchProcess:  # it ended while we looked
        return False
    finally:
        process.wait(120)


def _version(file: Path) -> tuple[int, int]:
    try:
        facts = file.stat()
    except FileNotFoundError:
        return 0, 0
    return facts.st_mtime_ns, facts.st_ino


def _engine(process: subprocess.Popen[bytes]) -> psutil.Process | None:
    try:
        for child in psutil.Process(process.pid).children(recursive=True):
            if child.name() == "pulumi" and "up" in child.cmdline():
                return child
    except psutil.Error:  # one of them ended while we looked
        return None
    return None
