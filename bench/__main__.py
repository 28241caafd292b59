"""`python -m bench`: the main job beside the same objects made by raw calls, and the curve over more tenants."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.clock import Measured, measured
from bench.raw import Raw
from bench.tenants import FIRST, clear, declare
from bench.validate import prepare, seconds
from local.instances.throwaway import World, throwaway

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
UP = ("tenantry", "up", "--stack", "local")
ACTIVE = 13
SIZES = (10, 25, 50, 100, 200)
# The engine writes its state once, at the end: what a crash leaves behind is then unknown to it, so never for real.
ONCE = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    return table


@app.command()
def job() -> None:
    """First up of 13, an up with nothing to do, one more tenant; each beside the raw calls of the same run."""
    with tempfile.TemporaryDirectory() as parent, throwaway(Path(parent)) as world:
        world.local("stop")
        started = time.monotonic()
        world.local("start")
        warm = time.monotonic() - started
        first, nothing = measured(world, *UP), measured(world, *UP)
        declare(world.folder / "tenants", range(FIRST, FIRST + 1))
        more = measured(world, *UP)
        raw = Raw(world, "k001")
        alone = [raw.open(number) for number in range(901, 901 + ACTIVE)]
    table = _table("what", "tenantry", "raw calls", "ratio")
    table.add_row("services, warm start", f"{warm:.1f} s", "", "")
    one = sorted(alone)[len(alone) // 2]
    for name, took, by_hand in (
        (f"first up of {ACTIVE}", first.seconds, sum(alone)),
        ("nothing to do", nothing.seconds, 0.0),
        ("one more tenant", more.seconds, one),
    ):
        ratio = f"{took / by_hand:.1f}" if by_hand else ""
        table.add_row(name, f"{took:.1f} s", f"{by_hand:.1f} s" if by_hand else "", ratio)
    Console().print(table)


@app.command()
def curve(
    sizes: Annotated[list[int] | None, typer.Argument(help="numbers of tenants; 10 25 50 100 200 by default")] = None,
    write_once: Annotated[
        bool, typer.Option(help="first up without the writes before and after each operation: how much they are")
    ] = False,
    parallel: Annotated[
        int | None, typer.Option(help="operations at once; the more, the fewer writes of the state (decision 0018)")
    ] = None,
) -> None:
    """Time, state and memory over the number of tenants in one stack."""
    up = UP if parallel is None else (*UP, "--parallel", str(parallel))
    console = Console()
    table = _table("tenants", "first up", "nothing to do", "one more", "state", "engine + program", "plugins")
    for size in sizes or SIZES:
        with tempfile.TemporaryDirectory() as parent, throwaway(Path(parent)) as world:
            row = _size(world, size, up, ONCE if write_once else {})
        table.add_row(str(size), *row)
        console.print(size, *row)
    console.print(table)


def _size(world: World, size: int, up: tuple[str, ...], first: dict[str, str]) -> list[str]:
    folder = world.folder / "tenants"
    clear(folder)
    # The pack refuses a stack of more tenants than it is good for, which is what is measured here.
    (world.folder / "policies" / "PulumiPolicy.yaml").unlink()
    declare(folder, range(FIRST, FIRST + size))
    runs: list[Measured] = [measured(world, *up, env=first), measured(world, *up)]
    declare(folder, range(FIRST + size, FIRST + size + 1))
    runs.append(measured(world, *up))
    state = world.folder / ".local" / "state" / ".pulumi" / "stacks" / "tenantry" / "local.json"
    memory = f"{max(run.engine for run in runs):.0f} MiB", f"{max(run.plugins for run in runs):.0f} MiB"
    return [*(f"{run.seconds:.1f} s" for run in runs), f"{state.stat().st_size / 2**20:.1f} MiB", *memory]


@app.command()
def validate(size: Annotated[int, typer.Argument(help="number of tenants' files")] = 5000) -> None:
    """`tenantry validate`, alone and against a reference that has moved on: no network, no credentials, no engine."""
    table = _table("what", "time", "processor")
    with tempfile.TemporaryDirectory() as parent:
        clone = prepare(Path(parent), size)
        for name, arguments in (
            ("files alone", ()),
            ("--base, up to date", ("--base", "HEAD")),
            ("--base, merged", ("--base", "origin/main")),
        ):
            took, used = seconds(clone, *arguments)
            table.add_row(name, f"{took:.1f} s", f"{used:.1f} s")
    Console().print(table)


@app.command()
def build() -> None:
    """Build everything into an empty cache, Go's own included; minutes."""
    with tempfile.TemporaryDirectory() as parent:
        names = {"TENANTRY_CACHE": "tenantry", "GOCACHE": "go", "GOMODCACHE": "modules"}
        caches = {name: f"{parent}/{folder}" for name, folder in names.items()}
        started = time.monotonic()
        subprocess.run([sys.executable, "-m", "local", "build"], env=os.environ | caches, check=True)
        print(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    app()
