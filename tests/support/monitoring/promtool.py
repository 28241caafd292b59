"""promtool: checks and evaluates what Prometheus is given. Built once into the cache, like what `make build` builds.

Its version is fixed by tests/tenantry/watch/promtool/go.sum. Without the discovery of targets, which no rule needs,
a first build takes half as long.
"""

import subprocess
from pathlib import Path
from typing import Final

from local.build.cache import appearing, cache_root, key_of, lock
from local.build.go import go_binary, go_environment

MODULE: Final = Path(__file__).resolve().parents[2] / "tenantry" / "watch" / "promtool"
PROGRAMS: Final = ("promtool", "prometheus")
_TAGS: Final = "remove_all_sd"
_BUILD_SECONDS: Final = 3600  # on a slow machine that builds everything else at the same time


def place() -> Path:
    """The folder of the programs, named after what they are built from."""
    return cache_root() / f"prometheus-{key_of(MODULE, (MODULE / 'go.mod', MODULE / 'go.sum'), _TAGS)}"


def build() -> None:
    """Builds them, unless they are there. Raises AssertionError with the compiler's words when that fails."""
    with lock(cache_root() / "promtool.lock", "waiting for another process that builds promtool"):
        if place().exists():
            return
        print("building promtool and Prometheus, for the tests", flush=True)
        with appearing(place()) as scratch:
            packages = [f"github.com/prometheus/prometheus/cmd/{name}" for name in PROGRAMS]
            done = subprocess.run(
                [str(go_binary()), "build", "-ldflags=-s -w", f"-tags={_TAGS}", f"-o={scratch}/", *packages],
                cwd=MODULE,
                env=go_environment(cgo=False),
                capture_output=True,
                text=True,
                timeout=_BUILD_SECONDS,
                check=False,
            )
            assert done.returncode == 0, done.stderr


def tool(name: str) -> str:
    """The path of promtool or prometheus, which is built where nobody has built it yet."""
    if not place().exists():
        build()
    return str(place() / name)


def promtool(*arguments: str, folder: Path) -> str:
    """The tool's complaint; empty when it finds no fault."""
    done = subprocess.run(
        [tool("promtool"), *arguments], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    return (done.stdout + done.stderr or f"exit code {done.returncode}") if done.returncode else ""
