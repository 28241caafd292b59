"""Faults of files, one line each, for a person or a CI annotation to act on at once."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_LONGEST_LINE: Final = 500  # characters: a fault is read, not scrolled through


def printable(text: str) -> str:
    """The text with everything escaped that could break a line, move the cursor or reorder what is shown."""
    return "".join(
        char
        if char == " " or unicodedata.category(char)[0] in "LMNPS"
        else char.encode("unicode_escape", "surrogatepass").decode("ascii")
        for char in text
    )


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in one file. `problem` and `remedy` are clauses without a full stop."""

    file: str
    line: int
    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        line = printable(f"{self.file}:{self.line}: {self.field}: {self.problem}, {self.remedy}")
        return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 3] + "..."


class Faults(Exception):
    """Everything found wrong, sorted by file, line and field, each only once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__(f"{len(self.faults)} fault(s)")

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class FieldError(ValueError):
    """A value that its field refuses: what is wrong, and what to do. `path` leads on from that field.

    `is_in_value`: its line is where the value begins, which may be below the field's name.
    """

    def __init__(
        self, problem: str, remedy: str, path: tuple[str | int, ...] = (), *, is_in_value: bool = False
    ) -> None:
        super().__init__(f"{problem}, {remedy}")
        self.problem = problem
        self.remedy = remedy
        self.path = path
        self.is_in_value = is_in_value
