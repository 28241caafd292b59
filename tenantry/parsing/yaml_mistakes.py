"""Common reasons of broken YAML, by name: merge conflicts, tabs, full-width punctuation."""

import re
import unicodedata
from typing import Final

from tenantry.parsing.characters import character_name
from tenantry.parsing.faults import FieldError

_CONFLICT: Final = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?= |$)", re.M)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'|(?:^|\s)#.*")
_KEY: Final = r"(?:^[\s-]*|[{,｛，]\s*)[A-Za-z_][A-Za-z0-9_]*\s*"
_FULL_WIDTH_COLON: Final = re.compile(_KEY + "：")
_NO_SPACE: Final = re.compile(r"^[\s-]*[A-Za-z_][A-Za-z0-9_]*:(?=[^\s/:])")
# As Chinese keyboards type them; YAML takes each for a letter.
_PUNCTUATION: Final = dict(zip("｛｝［］，“”‘’＂＇＃－", "{}[],\"\"''\"'#-", strict=True))


def conflict(text: str) -> tuple[int, FieldError] | None:
    """The first line that git left in a file in which two changes met."""
    found = _CONFLICT.search(text)
    if found is None:
        return None
    wrong = FieldError(
        f"is a conflict marker of git ({found[0]})", "keep one side of each conflict and remove the markers"
    )
    return text.count("\n", 0, found.start()) + 1, wrong


def slip(text: str, first: int, last: int) -> tuple[int, FieldError] | None:
    """The mistake in these lines of a text that is no YAML: the last one, as the parser notices it late."""
    lines = text.split("\n")
    for number in range(min(last, len(lines)), max(first, 1) - 1, -1):
        wrong = _of_line(lines[number - 1])
        if wrong is not None:
            return number, wrong
    return None


def in_key(key: str) -> FieldError | None:
    """A mark that the parser took for a letter of a field's name."""
    if key.isascii():
        return None
    if "：" in key:
        return _COLON
    strange = next((char for char in key if char != " " and unicodedata.category(char) == "Zs"), None)
    return None if strange is None else _indented(strange)


_COLON: Final = FieldError(
    f"holds {character_name('：')}", "write an ordinary colon and a space after the field's name, as in plan: standard"
)


def _of_line(line: str) -> FieldError | None:
    bare = _QUOTED.sub("", line)
    indent = re.match(r"[\s-]*", bare)
    strange = next((char for char in indent[0] if char not in " -\r"), None) if indent else None
    if strange is not None:
        return _indented(strange)
    if _FULL_WIDTH_COLON.search(bare):
        return _COLON
    if _NO_SPACE.match(bare):
        return FieldError("has no space after a colon", "write a space after it, as in plan: standard")
    mark = next((char for char in bare if char in _PUNCTUATION), None)
    return (
        None
        if mark is None
        else FieldError(f"holds {character_name(mark)}", f"write {_PUNCTUATION[mark]} in its place")
    )


def _indented(char: str) -> FieldError:
    what = "a tab" if char == "\t" else character_name(char)
    return FieldError(f"is indented with {what}", "indent it with ordinary spaces")
