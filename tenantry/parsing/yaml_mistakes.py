"""Common reasons of broken YAML, by name: merge conflicts, tabs, full-width punctuation."""

import re
import unicodedata
from typing import Final

from tenantry.parsing.characters import character_name
from tenantry.parsing.faults import FieldError

_CONFLICT: Final = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?= |$)", re.M)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'|(?:^|\s)#.*")
_KEY: Final = r"(?:^[\s-]*|[{,｛，]\s*)[A-Za-z_][A-Za-z0-9_:-]*\s*"
_COLONS: Final = "：﹕∶꞉︰"  # full-width, small, ratio, modifier letter, two dot leader
_OTHER_COLON: Final = re.compile(rf"(?:{_KEY}|^[\s-]*)([{_COLONS}])")  # a key in quotes is cut out before
_NO_SPACE: Final = re.compile(r"^[\s-]*[A-Za-z_][A-Za-z0-9_]*:(?=[^\s/:])(?!\S+:(?:\s|$))")  # no `tenantry:zone: `
_OTHER_SPACE: Final = re.compile(r"^[\s-]*[A-Za-z_][A-Za-z0-9_]*:([^\S \t\r])")
# As Chinese keyboards type them; YAML takes each for a letter.
_PUNCTUATION: Final = dict(zip("｛｝［］，；“”‘’＂＇＃－", "{}[],,\"\"''\"'#-", strict=True))
_SPACELESS: Final = ("has no space after a colon", "write a space after it, as in plan: standard")


def conflict(text: str) -> tuple[int, FieldError] | None:
    """The first line that git left in a file in which two changes met."""
    match = _CONFLICT.search(text)
    if match is None:
        return None
    problem = FieldError(
        f"is a conflict marker of git ({match[0]})", "keep one side of each conflict and remove the markers"
    )
    return text.count("\n", 0, match.start()) + 1, problem


def slip(text: str, first: int, last: int) -> tuple[int, FieldError] | None:
    """The mistake in these lines of a text that is no YAML: the last one, as the parser notices it late."""
    lines = text.split("\n")
    for number in range(min(last, len(lines)), max(first, 1) - 1, -1):
        problem = _of_line(lines[number - 1])
        if problem is not None:
            return number, problem
    return None


def in_key(key: str) -> FieldError | None:
    """A mark that the parser took for a letter of a field's name."""
    if key.isascii():
        return None
    if (colon := next((char for char in key if char in _COLONS), None)) is not None:
        return _colon(colon)
    strange = next((char for char in key if char != " " and unicodedata.category(char) == "Zs"), None)
    return None if strange is None else _indented(strange)


def in_text(text: str) -> FieldError | None:
    """A mark that made one text of what was meant as a mapping or a list."""
    line = text.partition("\n")[0]
    if (match := _OTHER_COLON.search(line)) is not None:
        return _colon(match[1], is_in_value=True)
    if (mark := line[:1]) in _PUNCTUATION:
        return _mark(mark, is_in_value=True)
    return FieldError(*_SPACELESS, is_in_value=True) if _NO_SPACE.match(line) else None


def _colon(char: str, *, is_in_value: bool = False) -> FieldError:
    remedy = "write an ordinary colon and a space after the field's name, as in plan: standard"
    return FieldError(f"holds {character_name(char)}", remedy, is_in_value=is_in_value)


def _mark(char: str, *, is_in_value: bool = False) -> FieldError:
    return FieldError(
        f"holds {character_name(char)}", f"write {_PUNCTUATION[char]} in its place", is_in_value=is_in_value
    )


def _of_line(line: str) -> FieldError | None:
    bare = _QUOTED.sub("", line)
    indent = re.match(r"[\s-]*", bare)
    strange = next((char for char in indent[0] if char not in " -\r"), None) if indent else None
    if strange is not None:
        return _indented(strange)
    if (colon := _OTHER_COLON.search(bare)) is not None:
        return _colon(colon[1])
    if (space := _OTHER_SPACE.match(bare)) is not None:
        return FieldError(f"holds {character_name(space[1])} after a colon", "write an ordinary space there")
    if _NO_SPACE.match(bare):
        return FieldError(*_SPACELESS)
    mark = next((char for char in bare if char in _PUNCTUATION), None)
    return None if mark is None else _mark(mark)


def _indented(char: str) -> FieldError:
    what = "a tab" if char == "\t" else character_name(char)
    return FieldError(f"is indented with {what}", "indent it with ordinary spaces")
