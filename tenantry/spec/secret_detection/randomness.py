"""Tells whether a text is one long random word, as keys and tokens are that no family knows."""

import math
import re
from collections import Counter
from typing import Final

_WORD: Final = re.compile(r"[A-Za-z0-9+/_=.-]{24,}")
_HEX: Final = re.compile(r"[0-9a-fA-F]{32,}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BITS_HEX: Final = 3.0  # a character, as detect-secrets has it by default
_BITS: Final = 4.0
_CLASSES: Final = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))


def is_random(text: str) -> bool:
    """No addresses, paths and names of hosts: words of them are parted by dots and slashes."""
    if _HEX.fullmatch(text):
        return _entropy(text) >= _BITS_HEX
    if _WORD.fullmatch(text) is None or _UUID.fullmatch(text) or text.count("/") + text.count(".") > 2:
        return False
    return all(class_.search(text) for class_ in _CLASSES) and _entropy(text) >= _BITS


def is_token(text: str) -> bool:
    """Shorter, and enough where a name ends in `key`."""
    return (
        len(text) >= 12
        and re.fullmatch(r"[A-Za-z0-9+_=-]+", text) is not None
        and bool(_CLASSES[2].search(text) and re.search("[A-Za-z]", text))
    )


def _entropy(text: str) -> float:
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
