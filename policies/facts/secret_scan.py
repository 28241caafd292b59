"""Values that look like credentials and stand in clear.

Names of properties are other programs' words (`secretName`, `tokenMinutes`), so only what ends like a credential's name
counts there. Below `config` of a tenant's settings the words are those of its file and its plan, and the very check of
the files is made.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from policies.model.values import Leaf, SecretValue, leaves, mapping
from tenantry.parsing.faults import FieldError
from tenantry.spec.freeform import check_freeform
from tenantry.spec.secret_detection.names import is_of_secret
from tenantry.spec.secret_detection.text import credential_in

CONFIG: Final = "config"
_LONGEST: Final = 100_000  # characters of a text that are looked through


def in_clear(leaves: Iterable[Leaf]) -> Iterator[str]:
    """Paths of values that look like credentials and are no secret values, with the kind; never the value."""
    names: dict[str, str] = {}  # of entries such as those of `env`, where one key holds the name and another the value
    for path, value in leaves:
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
            yield from _document(f"{path}.json", cast(Any, inner))


def _document(path: str, document: Any) -> Iterator[str]:
    problem = [
        fault
        for place, leaf in leaves(document)
        if isinstance(leaf, str) and leaf
        for fault in _text(f"{path}.{place}", leaf)
    ]
    yield from problem
    if not any(fault.startswith(f"{path}.{CONFIG}.") for fault in problem):
        yield from in_config(path, document)


def in_config(path: str, settings: Any) -> Iterator[str]:
    """The first place in a tenant's free configuration that a file would not be allowed, with the kind."""
    config = mapping(mapping(settings).get(CONFIG))
    try:
        check_freeform(_plain(config))
    except FieldError as fault:
        place = ".".join((path, CONFIG, *map(str, fault.path)))
        yield f"{place} {fault.problem}"


def _plain(value: Any) -> Any:
    """Without what is a secret value already."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        return {key: _plain(entries[key]) for key in entries if not isinstance(entries[key], SecretValue)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in cast("Sequence[Any]", value) if not isinstance(item, SecretValue)]
    return value
