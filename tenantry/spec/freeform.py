"""The free part of a configuration: anything JSON can say, bounded, and without secrets."""

import re
from typing import Any, Final, cast

from tenantry.parsing.characters import first_forbidden_character
from tenantry.parsing.faults import FieldError
from tenantry.spec.secret_detection.names import says_random, says_secret
from tenantry.spec.secret_detection.randomness import is_random, is_token
from tenantry.spec.secret_detection.remedy import KEEP_SECRETS_OUT
from tenantry.spec.secret_detection.text import credential_in

_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
# With one of these words in its name a key says how secrets are to be, and its number or mapping is none.
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LIMIT: Final = re.compile(
    r"max(imum)?|min(imum)?|limits?|length|size|count|per|ms|seconds|minutes|hours|days|weeks|months|ttl"
    r"|expir(y|es|ation)|timeout|valid(ity)?|duration|interval|lifetime|age|attempts|retries|history|rotation|policy"
    r"|policies|rules|strength|score|complexity|reuse|reset|digits?|special|symbols|upper|lower|budget|bucket|rate"
    r"|context|window|quota|num(ber)?|questions?|providers?",
    re.I,
)
_PRIVATE: Final = ("d", "k", "p", "q")  # parts of a JSON Web Key
_DEEPEST: Final = 6
_LONGEST_TEXT: Final = 1000  # characters
_MOST_ITEMS: Final = 100  # in one mapping or list
# What stands deeper under a secret's name, and a number, may be a setting; from here on it is long enough for a secret.
_SECRET_LENGTH: Final = 8
_SECRET_NUMBER: Final = 100_000

Path = tuple[str | int, ...]


def check_freeform(value: Any, path: Path = (), is_secret: bool = False, is_within: bool = False) -> Any:
    """The value itself, or Wrong with the path to the part that is refused. Never repeats a text it found.

    `is_secret`: it stands under the name of a secret, `is_within`: not at once, but in a mapping or list there.
    """
    match value:
        case dict():
            _check_mapping(value, path, is_secret)  # pyright: ignore[reportUnknownArgumentType]  (YAML: checked within)
        case list():
            _check_items(value, path, is_secret)  # pyright: ignore[reportUnknownArgumentType]  (YAML: checked within)
        case str():
            _check_text(value, path, is_secret and not (is_within and _is_setting(value)))
        case None | bool():
            pass  # nothing to check in these
        case int() | float():
            if is_secret and abs(value) >= _SECRET_NUMBER:
                raise FieldError("looks like a secret", f"a limit says so, as in max_tokens; {KEEP_SECRETS_OUT}", path)
        case _:
            raise FieldError("is a date without quotes", "put it in quotes", path)
    return cast(Any, value)


def _check_mapping(value: dict[Any, Any], path: Path, is_secret: bool) -> None:
    _check_size(len(value), path)
    private = next((key for key in _PRIVATE if key in value), None) if "kty" in value else None
    if private is not None:
        raise FieldError("looks like a secret (a private JSON Web Key)", KEEP_SECRETS_OUT, (*path, private))
    for key, item in value.items():
        if not isinstance(key, str) or _KEY.fullmatch(key) is None:
            raise FieldError("holds a key that is no plain name", "write ASCII letters, digits and _.- only", path)
        if (kind := credential_in(key)) is not None:
            raise FieldError(f"holds a key that looks like a secret ({kind})", KEEP_SECRETS_OUT, path)
        own = says_secret(key) or (key == "value" and _names_secret(value))
        named, is_within = is_secret or own, is_secret and not own
        check_freeform(item, (*path, key), named and (isinstance(item, str) or not _is_limit(key)), is_within)


def _names_secret(entry: dict[Any, Any]) -> bool:
    """An entry as of a list of variables: its name is beside its value."""
    return any(isinstance(name := entry.get(key), str) and says_secret(name) for key in ("name", "key", "header"))


def _is_limit(key: str) -> bool:
    return any(map(_LIMIT.fullmatch, _WORD.findall(key)))


def _is_setting(text: str) -> bool:
    return len(text) < _SECRET_LENGTH or " " in text or text.startswith("/")


def _check_items(value: list[Any], path: Path, is_secret: bool) -> None:
    _check_size(len(value), path)
    for position, item in enumerate(value):
        check_freeform(item, (*path, position), is_secret, is_within=True)


def _check_size(size: int, path: Path) -> None:
    if len(path) >= _DEEPEST:
        raise FieldError("is nested too deep", f"use at most {_DEEPEST} levels", path)
    if size > _MOST_ITEMS:
        raise FieldError(f"has {size} entries", f"write at most {_MOST_ITEMS}", path)


def _check_text(text: str, path: Path, is_secret: bool) -> None:
    if len(text) > _LONGEST_TEXT:
        raise FieldError(f"has {len(text)} characters", f"write at most {_LONGEST_TEXT}", path)
    forbidden = first_forbidden_character(text, allowed="\n\t")
    if forbidden is not None:
        raise FieldError(f"holds {forbidden[1]}", "remove it", path)
    if text and is_secret:
        raise FieldError("looks like a secret", KEEP_SECRETS_OUT, path)
    if (kind := credential_in(text) or _guess(text, path)) is not None:
        raise FieldError(f"looks like a secret ({kind})", KEEP_SECRETS_OUT, path)


def _guess(text: str, path: Path) -> str | None:
    """By its name and its looks together: what ends in `key` may be short, what has any other name is long."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if says_random(name):
        return None
    return (
        "a random text"
        if any(map(is_random, text.split())) or (name.lower().endswith("key") and is_token(text))
        else None
    )
