"""Reading what somebody else declared: any shape may come, and what cannot be read must not pass.

Two kinds of value hold nothing that a rule could look at. An *unknown* one is decided by the update: UnknownValueError
is raised where it is touched. A *secret* one is replaced by HIDDEN before any rule runs, so that no message of this
pack can ever repeat it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from policies.model.unknown import UnknownValueError


class SecretValue:
    """Stands for a secret value, whatever it is."""

    def __repr__(self) -> str:
        return "[secret]"


HIDDEN: Final = SecretValue()


class UnexpectedShape(Exception):
    """A rule met a shape that it cannot judge: it counts as broken. The text names the shape, never the value."""


def mapping(value: Any) -> Mapping[str, Any]:
    """Nothing counts as empty."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return cast(Mapping[str, Any], value)
    raise UnexpectedShape(f"{shape(value)} where a mapping belongs")


def sequence(value: Any) -> Sequence[Any]:
    """Nothing counts as empty."""
    if value is None:
        return ()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return cast(Sequence[Any], value)
    raise UnexpectedShape(f"{shape(value)} where a list belongs")


def text(value: Any) -> str:
    """Nothing counts as empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise UnexpectedShape(f"{shape(value)} where a text belongs")


def number(value: Any) -> float | None:
    """Numbers arrive as floats; None where there is none."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise UnexpectedShape(f"{shape(value)} where a number belongs")


def boolean(value: Any) -> bool | None:
    """True only for the value true: a text "true" is one that the receiving system may read otherwise."""
    if value is None or isinstance(value, bool):
        return value
    raise UnexpectedShape(f"{shape(value)} where true or false belongs")


def at(value: Any, *path: str) -> Any:
    """The value below nested mappings; None where a step is missing."""
    for step in path:
        value = mapping(value).get(step)
        if value is None:
            return None
    return value


def shape(value: Any) -> str:
    match value:
        case SecretValue():
            return "a secret"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case _:
            return "something else"


def shown(value: Any) -> str:
    """For messages: numbers without the .0 that their way here gave them, texts cut, what is nested by its shape."""
    if value is None:
        return "nothing"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)[:80] or "nothing"
    return shape(value)


Leaf = tuple[str, Any]  # with its dotted path


def leaves(value: Any) -> Iterator[Leaf]:
    """Every value that is neither mapping nor list, with its dotted path. Unknown ones hide no others: the first of
    them is raised when all else has been looked at."""
    entries, unknown = gathered(value)
    yield from entries
    if unknown is not None:
        raise unknown


def gathered(value: Any) -> tuple[Sequence[Leaf], UnknownValueError | None]:
    """The leaves that `leaves` gives, and the error that it raises."""
    known: list[Leaf] = []
    unknown: list[UnknownValueError] = []
    waiting: list[Leaf] = [("", value)]
    while waiting:
        path, one = waiting.pop()
        if isinstance(one, str):
            known.append((path, one))
        elif isinstance(one, dict):  # before Mapping, whose question takes five times as long
            entries = cast(dict[str, Any], one)
            waiting += [(f"{path}.{key}" if path else str(key), inner) for key, inner in reversed(entries.items())]
        elif isinstance(one, list):
            items = cast(list[Any], one)
            waiting += [(f"{path}[{index}]", items[index]) for index in reversed(range(len(items)))]
        elif isinstance(one, Mapping):
            keys = cast(Mapping[str, Any], one)
            waiting += _known(one, [(f"{path}.{key}" if path else str(key), key) for key in keys], unknown)[::-1]
        elif isinstance(one, Sequence):
            size = len(cast(Sequence[Any], one))
            waiting += _known(one, [(f"{path}[{index}]", index) for index in range(size)], unknown)[::-1]
        else:
            known.append((path, one))
    return known, unknown[0] if unknown else None


def _known(inner: Any, steps: Sequence[Leaf], unknown: list[UnknownValueError]) -> list[Leaf]:
    entries: list[Leaf] = []
    for below, step in steps:
        try:
            entries.append((below, inner[step]))
        except UnknownValueError as error:
            unknown.append(error)
    return entries
