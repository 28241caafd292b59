"""The engine's own help says which of its options take a value, as the program reads its command line."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.guards.engine_command import ALONE, VALUED, VALUED_LETTERS

# `-t, --target stringArray   What it is for`; `[=...]` behind the type: its value never is the next argument.
_LINE = re.compile(r"^ +(?:-(?P<letter>\w), |    )--(?P<name>[\w-]+)(?: (?P<type>\S+))?(?: {2,}|$)", re.MULTILINE)
COMMANDS = ("up", "preview", "destroy", "refresh", "watch")


def options(engine: Path, *command: str) -> Iterator[tuple[str, str, bool]]:
    """Letter or nothing, name, and whether it takes the next argument."""
    run = [str(engine / "pulumi"), *command, "--help"]
    text = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    for match in _LINE.finditer(text):
        yield (
            match["letter"] or "",
            match["name"],
            match["type"] is not None and not re.search(r"\[=|^false$", match["type"]),
        )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_known_for_what_it_is(engine: Path, command: str) -> None:
    known_options = list(options(engine, command))
    assert len(known_options) > 20
    assert {name for _, name, valued in known_options if valued} <= VALUED
    assert not {name for _, name, valued in known_options if not valued} & VALUED
    assert {
        letter: name for letter, name, valued in known_options if valued and letter
    }.items() <= VALUED_LETTERS.items()
    assert not {letter for letter, _, valued in known_options if not valued} & VALUED_LETTERS.keys()


def test_what_stands_alone_before_the_command_is_known(engine: Path) -> None:
    known_options = list(options(engine))
    alone = {f"--{name}" for _, name, valued in known_options if not valued}
    alone |= {f"-{letter}" for letter, _, valued in known_options if not valued and letter}
    assert alone == ALONE
