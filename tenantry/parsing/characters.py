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
# Letters, marks and symbols that are drawn as nothing: fillers, blanks, and selectors of variants. Mongolian selectors
# are not among them: that script is not written without them.
_UNSEEN: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159").union(
    map(chr, range(0xFE00, 0xFE10)), map(chr, range(0xE0100, 0xE01F0))
)
_ALIKE: Final = ("LATIN", "CYRILLIC", "GREEK")  # scripts whose letters pass for one another


def character_name(char: str) -> str:
    """U+FF11 FULLWIDTH DIGIT ONE"""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


def first_forbidden_character(text: str, *, allowed: str = "") -> tuple[int, str] | None:
    """Position and kind of the first character that no text may hold; None when there is none."""
    rest = text
    for char in allowed:
        rest = rest.replace(char, "")
    if rest.isprintable() and _UNSEEN.isdisjoint(rest):
        return None  # nearly always, and much faster than to ask for each character
    for position, char in enumerate(text):
        if char in allowed:
            continue
        kind = _KINDS.get(unicodedata.category(char))
        if kind is None and char in _UNSEEN:
            kind = "an invisible character"
        if kind is not None or char in _LINE_BREAKS:
            return position, f"{kind or 'a line break'} ({character_name(char)})"
    return None


def is_readable(text: str) -> bool:
    """Tells whether it shows a letter or a number of any script: of marks and symbols alone nobody can say what they
    name.
    """
    return any(unicodedata.category(char)[0] in "LN" and char not in _UNSEEN for char in text)


def first_non_ascii(text: str) -> str | None:
    """The first character outside printable ASCII, named."""
    return next((character_name(char) for char in text if not "!" <= char <= "~"), None)


def mixed_scripts(text: str) -> str | None:
    """Latin, Cyrillic and Greek letters together in one name, which nobody can tell apart by eye."""
    scripts = {
        script for char in text if char.isalpha() for script in _ALIKE if unicodedata.name(char, "").startswith(script)
    }
    return " and ".join(sorted(script.capitalize() for script in scripts)) if len(scripts) > 1 else None
