"""Characters that look like others, that cannot be seen, or that reorder what is seen around them."""

import unicodedata
from typing import Final

_LINE_BREAKS: Final = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"  # some readers start a new line here, others do not
_KINDS: Final = {
    "Cc": "a control character",
    "Cf": "an invisible character",
    "Cn": "a character Unicode does not define",
    "Co": "a private-use character",
    "Cs": "half a surrogate pair",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
_ALIKE: Final = ("LATIN", "CYRILLIC", "GREEK")  # scripts whose letters pass for one another


def named(char: str) -> str:
    """U+FF11 FULLWIDTH DIGIT ONE"""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


def forbidden(text: str, *, allowed: str = "") -> tuple[int, str] | None:
    """Position and kind of the first character that no text may hold; None when there is none."""
    for position, char in enumerate(text):
        if char in allowed:
            continue
        kind = _KINDS.get(unicodedata.category(char))
        if kind is None and "\ufe00" <= char <= "\ufe0f":
            kind = "an invisible character"  # variation selectors, category Mn
        if kind is not None or char in _LINE_BREAKS:
            return position, f"{kind or 'a line break'} ({named(char)})"
    return None


def first_foreign(text: str) -> str | None:
    """The first character outside printable ASCII, named."""
    return next((named(char) for char in text if not "!" <= char <= "~"), None)


def mixed_scripts(text: str) -> str | None:
    """Latin, Cyrillic and Greek letters together in one name, which nobody can tell apart by eye."""
    scripts = {
        script for char in text if char.isalpha() for script in _ALIKE if unicodedata.name(char, "").startswith(script)
    }
    return " and ".join(sorted(script.capitalize() for script in scripts)) if len(scripts) > 1 else None
