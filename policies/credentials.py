"""What looks like a credential that stands in clear."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, cast

from policies.values import Leaf, leaves

# Names of things that are secret: at the end of the name, so that token_minutes or passwordPolicy are none.
_SECRET_NAME: Final = re.compile(
    r"(?:passw(?:or)?d|passphrase|pwd|secret|secretkey|accesskey|accesskeyid|accesskeysecret|apikey|privatekey|token"
    r"|credential|credentials|jwtsecret|signingkey|encryptionkey)\Z"
)
# Contents that are secret whatever their name is.
_SECRET_TEXT: Final = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a URL with a password", re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@]+@")),
    ("an access key of Alibaba Cloud", re.compile(r"\bLTAI[0-9A-Za-z]{12,}\b")),
    ("a signed token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
    ("a client key", re.compile(r"client-key-data:\s*\S")),
    ("a password hash", re.compile(r"\$2[aby]\$[0-9]{2}\$[./0-9A-Za-z]{53}|\bSCRAM-SHA-256\$")),
)
_ANY_SECRET_TEXT: Final = re.compile("|".join(f"(?:{pattern.pattern})" for _, pattern in _SECRET_TEXT))
_LONGEST: Final = 100_000  # characters of a text that are looked through


def in_clear(found: Iterable[Leaf]) -> Iterator[str]:
    """Where a credential stands that is no secret value, and what it looks like; never the value."""
    names: dict[str, str] = {}  # of entries such as those of `env`, where one key holds the name and another the value
    for path, value in found:
        if not isinstance(value, str) or not value:
            continue
        yield from _text(path, value)
        entry, _, key = path.rpartition(".")
        if key == "name":
            names[entry] = value
        elif key == "value":
            names[f"{entry}!"] = value
    for entry, name in names.items():
        if f"{entry}!" in names and _is_secret(name):
            yield f"{entry}.value ({name}) stands in clear"


def _text(path: str, value: str) -> Iterator[str]:
    key = path.rpartition(".")[2].partition("[")[0]
    if _is_secret(key):
        yield f"{path} stands in clear"
        return
    beginning = value[:_LONGEST]
    if _ANY_SECRET_TEXT.search(beginning):
        for what, pattern in _SECRET_TEXT:
            if pattern.search(beginning):
                yield f"{path} holds {what} in clear"
    if value[:1] in "{[" and path.count(".json") < 2:
        try:
            inner: Any = json.loads(value)
        except ValueError:
            return
        if isinstance(inner, dict | list):
            for place, one in leaves(cast(Any, inner)):
                if isinstance(one, str) and one:
                    yield from _text(f"{path}.json.{place}", one)


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(re.sub(r"[^a-z0-9]", "", name.lower())) is not None
