"""Each line that our provider tells as drift has its gravity: the table goes through the provider's own texts."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.inspection.drift.lines import gravity_of_line
from tenantry.inspection.drift.model import Gravity

RESOURCES = Path(__file__).resolve().parents[4] / "provider" / "resources"
ACCESS, WALL, LIMIT = Gravity.ACCESS, Gravity.ISOLATION, Gravity.LIMIT
# As the provider writes it, each value as `?`; with values in it; its gravity.
LINES: list[tuple[str, str, Gravity]] = [
    ("database belongs to ?", "database belongs to somebody", WALL),
    ("? has settings of its own: ?", "the database has settings of its own: statement_timeout, work_mem", LIMIT),
    ("? has settings of its own: ?", "rent001_a in postgres has settings of its own: search_path", ACCESS),
    ("PUBLIC holds ? on schema public", "PUBLIC holds CREATE on schema public", WALL),
    ("? may not connect", "rent001_a may not connect", ACCESS),
    ("? has a setting ?", "rent001_a has a setting lock_timeout", LIMIT),
    ("? has a setting ?", "rent001_a has a setting lock_timeout, row_security", ACCESS),
    ("? holds ?", "PUBLIC holds CONNECT", WALL),
    ("? lacks its setting ?", "rent001_a lacks its setting temp_file_limit", LIMIT),
    ("? lacks its setting ?", "rent001_a lacks its setting role", ACCESS),
    ("it takes no connections", "it takes no connections", ACCESS),
    ("it is a template", "it is a template", ACCESS),
    ("it takes ? connections instead of ?", "it takes -1 connections instead of 20", LIMIT),
    ("? has another password than it was given", "rent001_b has another password than it was given", ACCESS),
    ("the provisioner may not act as ?", "the provisioner may not act as rent001", ACCESS),
    ("table ?.? hides rows from its owner", "table public.students hides rows from its owner", Gravity.DATA),
    ("? ? keeps ? from its owner", "table public.students keeps SELECT, UPDATE from its owner", ACCESS),
    ("? ? does not belong to ?", "table public.students does not belong to rent001", WALL),
    ("? holds ? on ? instead of ?", "admin_a holds nothing on table t instead of SELECT", WALL),
    ("? holds ? on ?", "admin_a holds SELECT on table t", WALL),
]
ELSEWHERE: list[
    tuple[str, Gravity]
] = [  # not told as repairs: strangers.py, sessions.py, closed_databases.py, temp_files.py
    ("a session of somebody runs in it", ACCESS),
    ("3 sessions run", ACCESS),
    ("postgres is open to all", WALL),
    ("nobody limits the temporary files of the logins", LIMIT),
    ("what nobody has written yet", WALL),
]


def first_words() -> Iterator[str]:
    """The first words of each `Repair(...)` and `doors.repair(database, ...)` of the provider, values as `?`."""
    for path in RESOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Repair", "repair"):
                text = node.args[node.func.id == "repair"]
                if isinstance(text, ast.Constant | ast.JoinedStr):
                    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in parts)


def test_every_line_of_the_provider_stands_here() -> None:
    assert {text for text, _, _ in LINES} == set(first_words())


@pytest.mark.parametrize(("line", "gravity"), [*((line, gravity) for _, line, gravity in LINES), *ELSEWHERE])
def test_a_line_has_its_gravity(line: str, gravity: Gravity) -> None:
    assert gravity_of_line(line) is gravity
