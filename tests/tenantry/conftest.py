"""A directory of tenants in a temporary place, and a way to write files into it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tenantry.fleet.load import Fleet, load_fleet
from tenantry.parsing.faults import Fault, Faults

TODAY = date(2026, 11, 1)
GOOD = """\
code: k001
name: 示例幼儿园
phone: "13800138001"
plan: standard
status: active
cell: main
contact: {name: 张三, email: zhangsan@example.com}
address: 示例路 1 号
limits: {max_users: 300, max_storage: 50Gi}
features: {customBranding: true}
enabled_services: [enrollment]
config: {branding: {color: "#0a7"}, notifications: {}, security: {}, integrations: {}}
"""


@pytest.fixture
def today() -> date:
    return TODAY


@pytest.fixture
def good() -> str:
    """A tenant file without fault, twelve lines long."""
    return GOOD


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of the directory: the good one with some lines changed, or any text or bytes."""

    def write_file(name: str = "k001.yaml", /, content: str | bytes | None = None, **changes: str | None) -> Path:
        path = tmp_path / name
        if content is None:
            content = changed(GOOD, **changes)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


@pytest.fixture
def alter() -> Callable[..., str]:
    """The good text with the lines of some fields replaced, appended or (None) left out."""

    def alter_good(**changes: str | None) -> str:
        return changed(GOOD, **changes)

    return alter_good


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Fleet]:
    """Loads the directory as of TODAY."""

    def load_directory(directory: Path = tmp_path, today: date = TODAY) -> Fleet:
        return load_fleet(directory, today=today)

    return load_directory


@pytest.fixture
def faults_of(load: Callable[..., Fleet]) -> Callable[..., tuple[Fault, ...]]:
    """The faults of the directory; none when it loads."""

    def find(directory: Path | None = None, today: date = TODAY) -> tuple[Fault, ...]:
        try:
            load(today=today) if directory is None else load(directory, today)
        except Faults as faults:
            return faults.faults
        return ()

    return find


@pytest.fixture
def only() -> Callable[[tuple[Fault, ...], Path], str]:
    """Asserts one fault, of this file, in one line without a secret; gives the line without the path."""

    def the_only(faults: tuple[Fault, ...], path: Path) -> str:
        """The one line, which names the file and holds both what is wrong and what to do."""
        assert len(faults) == 1, [str(fault) for fault in faults]
        line = str(faults[0])
        assert line.startswith(f"{path}:{faults[0].line}: {faults[0].field}: ")
        assert faults[0].problem
        assert faults[0].remedy
        assert line.isprintable()
        assert "hunter2" not in line
        return line.removeprefix(str(path))  # which holds the name of the case

    return the_only


def changed(text: str, **changes: str | None) -> str:
    lines = text.splitlines()
    for field, value in changes.items():
        place = next((n for n, line in enumerate(lines) if line.startswith(f"{field}:")), None)
        new = [] if value is None else [f"{field}: {value}" if value else f"{field}:"]
        if place is None:
            lines += new
        else:
            lines[place : place + 1] = new
    return "\n".join(lines) + "\n"
