"""Values that look like credentials and stand in clear."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from policies.model.values import Leaf, leaves
from tenantry.spec.secret_detection.names import is_of_secret
from tenantry.spec.secret_detection.text import credential_in

_LONGEST: Final = 100_000  # characters of a text that are looked through


def in_clear(found: Iterable[Leaf]) -> Iterator[str]:
    """Paths of values that look like credentials and are no secret values, with the kind; never the value."""
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
        if f"{entry}!" in names and is_of_secret(name):
            yield f"{entry}.value ({name}) stands in clear"


def _text(path: str, value: str) -> Iterator[str]:
    key = path.rpartition(".")[2].partition("[")[0]
    if is_of_secret(key):
        yield f"{path} stands in clear"
        return
    if (kind := credential_in(value[:_LONGEST])) is not None:
        yield f"{path} holds {kind} in clear"
    if value[:1] in "{[" and path.count(".json") < 2:
        try:
            inner: Any = json.loads(value)
        except ValueError:
            return
        if isinstance(inner, dict | list):
            for place, leaf in leaves(cast(Any, inner)):
                if isinstance(leaf, str) and leaf:
                    yield from _text(f"{path}.json.{place}", leaf)
