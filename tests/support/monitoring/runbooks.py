"""The pages of docs/runbooks, and the commands that stand in them."""

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[3] / "docs" / "runbooks"
SECTIONS: Final = ("First look", "What to do", "Way back")
PROGRAMS: Final = ("tenantry", "kubectl", "psql", "pulumi")


@dataclass(frozen=True)
class Page:
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def title(self) -> str:
        return self.text.splitlines()[0].removeprefix("# ")

    def section(self, name: str) -> str:
        return self.text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]

    @property
    def commands(self) -> list[str]:
        """Each line of the page that is indented by four spaces."""
        return re.findall(r"^ {4}(\S.*)$", self.text, re.MULTILINE)


def pages() -> list[Page]:
    return [Page(path) for path in sorted(FOLDER.glob("*.md")) if path.name != "README.md"]


def all_commands(program: str) -> list[list[str]]:
    """Each command of that program once, in words as a shell splits them."""
    lines = dict.fromkeys(line for page in pages() for line in page.commands)
    return [words for words in map(shlex.split, lines) if words[0] == program]
