"""A command's duration, and the most memory that the engine and the program take while it runs."""

import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from local.instances.throwaway import World


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds, and mebibytes: `engine` of the CLI and the program together, `plugins` of all that these start.

    Memory is the proportional set size: a page that several processes share counts once in their sum.
    """

    seconds: float
    engine: float
    plugins: float


def measured(world: World, *command: str, env: Mapping[str, str] | None = None) -> Measured:
    """Runs the command in the world, with `env` added to its own; AssertionError when it fails."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command,
            cwd=world.folder,
            env={**world.env, **(env or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        engine = plugins = 0.0
        while process.poll() is None:
            core, rest = _held(process.pid)
            engine, plugins = max(engine, core), max(plugins, rest)
            try:
                process.wait(0.25)
            except subprocess.TimeoutExpired:
                continue
        took = time.monotonic() - started
        output.seek(0)
        assert process.returncode == 0, output.read()
    return Measured(took, engine, plugins)


def _held(root: int) -> tuple[float, float]:
    core = rest = 0.0
    try:
        family = psutil.Process(root).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    for process in family:
        try:
            size, line = process.memory_full_info().pss / 2**20, " ".join(process.cmdline())
        except psutil.Error:
            continue
        if process.name() == "pulumi" or line.endswith("/stacks"):
            core += size
        elif "pulumi-resource" in line or "language_host" in line:
            rest += size
    return core, rest
