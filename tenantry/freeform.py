"""The free part of a configuration: anything JSON can say, bounded, and without secrets."""

import re
from typing import Any, Final, cast

from tenantry.formats import Wrong
from tenantry.text import forbidden

_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_SECRET_KEY: Final = re.compile(r"pass(word|wd|phrase)|secret|token|credential|api_?key|access_?key|private_?key", re.I)
_SECRET_TEXT: Final = re.compile(r"-----BEGIN |\bLTAI[A-Za-z0-9]{12}|://[^/@\s]*:[^/@\s]+@")
_DEEPEST: Final = 6
_LONGEST_TEXT: Final = 1000  # characters
_MOST_ITEMS: Final = 100  # in one mapping or list

Path = tuple[str | int, ...]


def check_freeform(value: Any, path: Path = ()) -> Any:
    """The value itself, or Wrong with the path to the part that is refused. Never repeats a text it found."""
    match value:
        case dict():
            _check_mapping(value, path)  # pyright: ignore[reportUnknownArgumentType]  (YAML: checked within)
        case list():
            _check_items(value, path)  # pyright: ignore[reportUnknownArgumentType]  (YAML: checked within)
        case str():
            _check_text(value, path)
        case None | bool() | int() | float():
            pass  # nothing to check in these
        case _:
            raise Wrong("is a date without quotes", "put it in quotes", path)
    return cast(Any, value)


def _check_mapping(value: dict[Any, Any], path: Path) -> None:
    _check_size(len(value), path)
    for key, item in value.items():
        if not isinstance(key, str) or _KEY.fullmatch(key) is None:
            raise Wrong("holds a key that is no plain name", "write ASCII letters, digits and _.- only", path)
        if isinstance(item, str) and item and _SECRET_KEY.search(key):
            raise Wrong("looks like a secret", "keep secrets out of the file", (*path, key))
        check_freeform(item, (*path, key))


def _check_items(value: list[Any], path: Path) -> None:
    _check_size(len(value), path)
    for position, item in enumerate(value):
        check_freeform(item, (*path, position))


def _check_size(size: int, path: Path) -> None:
    if len(path) >= _DEEPEST:
        raise Wrong("is nested too deep", f"use at most {_DEEPEST} levels", path)
    if size > _MOST_ITEMS:
        raise Wrong(f"has {size} entries", f"write at most {_MOST_ITEMS}", path)


def _check_text(text: str, path: Path) -> None:
    if len(text) > _LONGEST_TEXT:
        raise Wrong(f"has {len(text)} characters", f"write at most {_LONGEST_TEXT}", path)
    found = forbidden(text, allowed="\n\t")
    if found is not None:
        raise Wrong(f"holds {found[1]}", "remove it", path)
    if _SECRET_TEXT.search(text):
        raise Wrong("looks like a secret", "keep secrets out of the file", path)
