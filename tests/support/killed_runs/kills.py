"""Ups whose engine is killed at an operation that the test names: the operation waits for the test, never for luck."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local.instances.throwaway import World
from tests.support.killed_runs.held_calls import Operation, serve
from tests.support.pytest_plugins.sampling import is_chosen

LONGEST_S = 300
PORT = "TENANTRY_TEST_HOLD"  # set for a run whose operations wait for the test
STAND_IN = Path(__file__).with_name("held_plugin.py")


def hold_plugins(world: World) -> None:
    """Puts the stand-in before every provider plugin of the world; without `PORT` it steps aside."""
    held = f'exec "{sys.executable}" -I -S "{STAND_IN}" "${PORT}"'
    for plugin in (world.folder / ".local" / "pulumi" / "plugins").glob("resource-*/pulumi-resource-*"):
        real = plugin.parent / "real" / plugin.name
        if not real.exists():
            real.parent.mkdir()
            plugin.rename(real)
            plugin.write_text(f'#!/bin/sh\n[ -n "${PORT}" ] || exec "{real}" "$@"\n{held} "{real}" "$@"\n')
            plugin.chmod(0o755)
    provider = world.folder / "provider" / "__main__.py"
    if not provider.with_name("real.py").exists():
        provider.rename(provider.with_name("real.py"))
        provider.write_text(_PROVIDER)


# What the language host runs in place of provider/__main__.py.
_PROVIDER = f'''
import os, runpy, sys
from pathlib import Path

real = str(Path(__file__).with_name("real.py"))
if port := os.environ.get("{PORT}"):
    sys.argv = ["held", port, sys.executable, "-u", real, *sys.argv[1:]]
    real = "{STAND_IN}"
runpy.run_path(real, run_name="__main__")
'''


@dataclass
class _Gate:
    """Lets operations go on until the engine was killed at the one that is wanted."""

    is_wanted: Callable[[Operation], bool]
    kill: Callable[[], None]
    ending: ExitStack
    killed_at: Operation | None = None
    seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may_go(self, operation: Operation) -> bool:
        with self._lock:
            if self.killed_at is None:
                self.seen += 1
                if self.is_wanted(operation):
                    self.killed_at = operation
                    self.kill()
            return self.killed_at is None

    def await_plugins(self, listener: socket.socket) -> None:
        """Stands before each plugin that says its port."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed: the run has ended
                return
            with connection, connection.makefile("rwb") as lines:
                port = serve(int(lines.readline()), self.may_go, self.ending)
                lines.write(f"{port}\n".encode())


def kill_at(world: World, is_wanted: Callable[[Operation], bool]) -> Operation | None:
    """Starts `tenantry up` and SIGKILLs the engine at the first operation that is wanted, while that is held.

    Returns that operation; None when the up came to its end without one. Raises AssertionError when it failed by
    itself.
    """
    said = world.folder / ".local" / "held-up.log"
    with (
        said.open("wb") as log,
        ExitStack() as ending,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        process = subprocess.Popen(
            ["tenantry", "up", "--stack", "local"],
            cwd=world.folder,
            env={**world.env, PORT: str(listener.getsockname()[1])},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        gate = _Gate(is_wanted, lambda: _engine(process).kill(), ending)
        threading.Thread(target=gate.await_plugins, args=(listener,), daemon=True).start()
        try:
            code = process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(
                f"`tenantry up` did not end within {LONGEST_S} s: {said.read_text()[-2000:]}"
            ) from None
    if gate.killed_at is None:
        assert code == 0, f"`tenantry up` ended with {code}:\n{said.read_text()[-4000:]}"
        assert gate.seen, "no operation asked: the plugins of this world are not held"
    return gate.killed_at


def kill_at_each(
    world: World,
    of: Callable[[Operation], bool],
    parts: int,
    seed: int | None,
    check: Callable[[Operation], None],
) -> list[Operation]:
    """Kills ups at one operation after the other, each at most once, until one comes through; checks after each kill.

    Of the operations that `of` accepts those are killed that lie in the seed's part of `parts`, once each, before or
    after it as the seed says; all of them, at both moments, without a seed.
    """
    killed: list[Operation] = []

    def is_new(operation: Operation) -> bool:
        return of(operation) and operation not in killed and _is_chosen(operation, parts, seed)

    while (operation := kill_at(world, is_new)) is not None:
        killed.append(operation)
        check(operation)
    return killed


def _is_chosen(operation: Operation, parts: int, seed: int | None) -> bool:
    """Each operation is killed before it in one of 2 * `parts` successive seeds, and after it in another."""
    return is_chosen(f"{operation.method} {operation.name} {operation.moment}", 2 * parts, seed)


def _engine(process: subprocess.Popen[bytes]) -> psutil.Process:
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # one that ends while it is looked at
            if child.name() == "pulumi" and "up" in child.cmdline():
                return child
    raise AssertionError("an operation asks although no engine runs")
