"""A failed end-to-end test shows the last lines that the engine and the services of its instance wrote, no more."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from local.instances.throwaway import World

LINES = 12  # of each log


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    if report.failed:
        world = next(_worlds(item), None)
        if world is not None:
            report.sections += [(f"last lines of {path.name}", _last_lines(path)) for path in _logs(world)]
    return report


def _worlds(item: pytest.Item) -> Generator[World]:
    for value in getattr(item, "funcargs", {}).values():
        world = getattr(value, "world", value)
        if isinstance(world, World):
            yield world


def _logs(world: World) -> list[Path]:
    """The services' logs, and that of the last run of the engine."""
    folder = world.folder / ".local" / "log"
    services = [path for path in folder.glob("*.log") if path.is_file()]
    runs = sorted(folder.glob("*/*.log"), key=lambda path: path.stat().st_mtime)
    return services + runs[-1:]


def _last_lines(path: Path) -> str:
    return "\n".join(line[:300] for line in path.read_text(errors="replace").splitlines()[-LINES:])
