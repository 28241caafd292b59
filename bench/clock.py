"""How long a command takes, and how much memory the engine and the program take at most while it runs."""

import subprocess
import time
from dataclasses import dataclass

import psutil

from local.throwaway import World


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds, and mebibytes: `engine` of the CLI and the program together, `plugins` of all that these start."""

    seconds: float
    engine: float
    plugins: float


def measured(world: World, *command: str) -> Measured:
    """Runs the command in the world; AssertionError when it fails."""
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=world.folder, env=world.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    engine = plugins = 0.0
    while process.poll() is None:
        core, rest = _resident(process.pid)
        engine, plugins = max(engine, core), max(plugins, rest)
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    assert process.stdout is not None
    said = process.stdout.read()
    assert process.returncode == 0, said
    return Measured(time.monotonic() - started, engine, plugins)


def _resident(root: int) -> tuple[float, float]:
    core = rest = 0.0
    try:
        family = psutil.Process(root).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    for process in family:
        try:
            size, line = process.memory_info().rss / 2**20, " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        if process.name() == "pulumi" or line.endswith("/stacks"):
            core += size
        elif "pulumi-resource" in line or "language_host" in line:
            rest += size
    return core, rest
