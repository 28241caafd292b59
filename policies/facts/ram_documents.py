"""RAM policy documents, taken apart."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from policies.model.resource import Resource
from policies.model.values import UnexpectedShape, mapping, sequence, text

LONGEST: Final = 6144  # characters that RAM takes
Statement = Mapping[str, Any]


def statements(document: str) -> Sequence[Statement]:
    """Raises Unreadable for what is no policy."""
    try:
        parsed = json.loads(document)
    except ValueError:
        raise UnexpectedShape("something that is no JSON") from None
    return [mapping(statement) for statement in many(mapping(parsed).get("Statement"))]


def of(resource: Resource, *keys: str) -> Sequence[Statement]:
    """The statements of a resource's document, under whichever of its names."""
    return statements(text(resource.first(*keys)))


def allowing(candidates: Sequence[Statement]) -> Iterator[Statement]:
    """The statements that allow: every one that is not a plain Deny."""
    return (statement for statement in candidates if statement.get("Effect") != "Deny")


def many(value: Any) -> Sequence[Any]:
    """RAM takes one or a list of them."""
    single = isinstance(value, str | Mapping)
    return [cast(Any, value)] if single else sequence(value)


def texts(value: Any) -> Sequence[str]:
    return [text(entry) for entry in many(value)]


def condition(statement: Statement, operator: str, key: str) -> Sequence[str]:
    """The values of a condition; RAM's keys know no case."""
    operands = mapping(mapping(statement.get("Condition")).get(operator))
    return [value for name, values in operands.items() if name.lower() == key.lower() for value in texts(values)]


def operators(statement: Statement) -> frozenset[str]:
    return frozenset(mapping(statement.get("Condition")))
