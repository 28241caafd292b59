"""JSON of any shape, narrowed with types: what an engine or a program wrote is not ours to trust."""

from typing import Any, Final, cast

Tree = dict[str, Any]
_SIGNATURE: Final = (
    "4dabf18193072939515e22adb298388d"  # Pulumi's documented key by which a value says that it wraps one
)


def mapping(value: object) -> Tree:
    """The value as a mapping; empty when it is none."""
    return cast(Tree, value) if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """The value as a list; empty when it is none."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def is_wrapped(value: object) -> bool:
    """Tells whether the value is a secret, an asset or a reference of the engine's, and no plain mapping."""
    return _SIGNATURE in mapping(value)


def without_key(value: object, key: str) -> Any:
    """A copy of the tree in which no mapping has `key`."""
    match value:
        case dict():
            return {name: without_key(item, key) for name, item in cast(Tree, value).items() if name != key}
        case list():
            return [without_key(item, key) for item in cast("list[Any]", value)]
        case _:
            return value
