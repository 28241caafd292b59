"""Properties as the engine sends them -> plain values for the rules, read once for all of them.

A secret's value never gets further than here: HIDDEN takes its place, so that a rule can tell a secret from a literal
and no message can repeat it.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from policies.model.unknown import Path, UnknownEntries, UnknownItems, is_unknown
from policies.model.values import HIDDEN

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"  # the key that marks a special value in the engine's protocol
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark of a secret, public like the one above)


def properties(struct: Any) -> Mapping[str, Any]:
    """Plain values of a google.protobuf.Struct. Numbers come as floats, as the protocol knows no others."""
    return _entries(struct.fields, ())


def plain(value: Any, path: Path = ()) -> Any:
    """The same of what is a Python value already."""
    if isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        if entries.get(SIGNATURE) == SECRET:
            return HIDDEN
        return _guarded({key: plain(value, (*path, key)) for key, value in entries.items()}, path)
    if isinstance(value, list):
        items = cast(list[Any], value)
        return _listed([plain(item, (*path, str(index))) for index, item in enumerate(items)], path)
    return value


def _entries(fields: Any, path: Path) -> Any:
    if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
        return HIDDEN
    return _guarded({key: _value(value, (*path, key)) for key, value in fields.items()}, path)


def _value(value: Any, path: Path) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "struct_value":
            return _entries(value.struct_value.fields, path)
        case "bool_value":
            return value.bool_value
        case "number_value":
            return value.number_value
        case "list_value":
            items = value.list_value.values
            return _listed([_value(item, (*path, str(index))) for index, item in enumerate(items)], path)
        case _:
            return None


def _guarded(entries: dict[str, Any], path: Path) -> Mapping[str, Any]:
    return UnknownEntries(entries, path) if any(map(is_unknown, entries.values())) else entries


def _listed(items: list[Any], path: Path) -> Any:
    return UnknownItems(items, path) if any(map(is_unknown, items)) else items
