"""Pulumi's property values to Python's and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

UNKNOWN = PropertyValue(rpc.UNKNOWN)
"""A value that only the update will tell; this is how it travels."""

Properties = dict[str, PropertyValue]


def plain(value: PropertyValue) -> Any:
    """The bare value; numbers without a fraction become int, since Pulumi knows only floating point."""
    inner = value.value
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def plain_all(values: Mapping[str, PropertyValue]) -> dict[str, Any]:
    return {key: plain(value) for key, value in values.items()}


def wrapped(value: Any) -> PropertyValue:
    if isinstance(value, Mapping):
        return PropertyValue({str(key): wrapped(item) for key, item in value.items()})  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - any JSON value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return PropertyValue([wrapped(item) for item in value])  # pyright: ignore[reportUnknownVariableType] - any JSON value
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    return PropertyValue(value)


def merged(values: Mapping[str, Any], before: Mapping[str, PropertyValue]) -> Properties:
    """`values` as properties: unchanged ones as they were, and secret whatever was secret before."""
    result: Properties = {}
    for key, value in values.items():
        old = before.get(key)
        if old is None:
            result[key] = wrapped(value)
        elif plain(old) == value:
            result[key] = old
        else:
            result[key] = wrapped(value).with_secret(old.contains_secret())
    return result


def sealed(values: Properties, names: Iterable[str]) -> Properties:
    """With the named values as secrets, whatever they were."""
    return values | {name: values[name].with_secret(True) for name in names if name in values}
