"""Ups whose engine is killed at an operation that the test names: the operation waits for the test, never for luck."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local.throwaway import World
from tests.support.sampling import is_chosen

LONGEST_S = 300
PORT = "TENANTRY_TEST_HOLD"  # set for a run whose operations wait for the test


@dataclass(frozen=True)
class Operation:
    """One call of the engine to a provider, before it reaches the provider or before its answer reaches the engine."""

    method: str  # Create, Update, Delete, Diff
    urn: str
    moment: str  # before, after

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.urn.rpartition("::")[2]


def hold_plugins(world: World) -> None:
    """Puts the asking stand-in before every provider plugin of the world; without `PORT` it steps aside."""
    for plugin in (world.folder / ".local" / "pulumi" / "plugins").glob("resource-*/pulumi-resource-*"):
        real = plugin.parent / "real" / plugin.name
        if real.exists():
            continue
        real.parent.mkdir()
        plugin.rename(real)
        _script(plugin, f'exec "{real}" "$@"', f'"{real}" "$@"', world.folder)
    provider = world.folder / "provider" / "__main__.py"
    if not provider.with_name("real.py").exists():
        provider.rename(provider.with_name("real.py"))
        provider.write_text(_PROVIDER)


def _script(path: Path, plain: str, real: str, root: Path) -> None:
    held = f'PYTHONPATH="{root}" exec "{sys.executable}" -m tests.support.held_plugin "${PORT}" {real}'
    path.write_text(f'#!/bin/sh\nif [ -z "${PORT}" ]; then {plain}; fi\n{held}\n')
    path.chmod(0o755)


# What the language host runs in place of provider/__main__.py: it takes the process over, or hands it on.
_PROVIDER = f'''
import os, runpy, sys
from pathlib import Path

real = str(Path(__file__).with_name("real.py"))
port = os.environ.get("{PORT}")
if not port:
    runpy.run_path(real, run_name="__main__")
else:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.argv = ["held", port, sys.executable, "-u", real, *sys.argv[1:]]
    from tests.support.held_plugin import main

    main()
'''


@dataclass
class _Gate:
    """Answers the plugins: go on, or nothing any more once the engine was killed."""

    is_wanted: Callable[[Operation], bool]
    kill: Callable[[], None]
    killed_at: Operation | None = None
    seen: list[Operation] = field(default_factory=list[Operation])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed: the run has ended
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            operation = Operation(**json.loads(lines.readline()))
            with self._lock:
                if self.killed_at is None:
                    self.seen.append(operation)
                    if self.is_wanted(operation):
                        self.killed_at = operation
                        self.kill()
                if self.killed_at is None:
                    connection.sendall(b"go")


def kill_at(world: World, is_wanted: Callable[[Operation], bool]) -> Operation | None:
    """Starts `tenantry up` and SIGKILLs the engine at the first operation that is wanted, while that is held.

    Returns that operation; None when the up came to its end without one. Raises AssertionError when it failed by itself.
    """
    said = world.folder / ".local" / "held-up.log"
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener, said.open("wb") as log:
        process = subprocess.Popen(
            ["tenantry", "up", "--stack", "local"],
            cwd=world.folder,
            env={**world.env, PORT: str(listener.getsockname()[1])},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        gate = _Gate(is_wanted, lambda: _engine(process).kill())
        threading.Thread(target=gate.serve, args=(listener,), daemon=True).start()
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
        if child.name() == "pulumi" and "up" in child.cmdline():
            return child
    raise AssertionError("an operation asks although no engine runs")
