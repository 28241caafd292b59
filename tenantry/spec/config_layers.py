"""Configuration in three layers, system, plan and tenant, each over the one before where that is allowed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

SYSTEM_KEYS: Final = ("version", "environment", "region")  # nobody overrides these


def merge_layers(system: Mapping[str, Any], plan: Mapping[str, Any], tenant: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings merge key by key, all else is replaced. ValueError for an override of the system's keys."""
    for name, layer in (("plan", plan), ("tenant", tenant)):
        taken = sorted(layer.keys() & {*system, *SYSTEM_KEYS})
        if taken:
            raise ValueError(f"the {name}'s configuration overrides the system's {', '.join(taken)}")
    return {**system, **_merged(plan, tenant)}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        both = isinstance(value, Mapping) and isinstance(old, Mapping)
        result[key] = _merged(cast(Mapping[str, Any], old), cast(Mapping[str, Any], value)) if both else value
    return result


def locked_overrides(locked: tuple[str, ...], tenant: Mapping[str, Any]) -> tuple[str, ...]:
    """The dotted paths that the plan has locked and the tenant's layer sets all the same."""
    return tuple(path for path in locked if _sets(path.split("."), tenant))


def _sets(path: list[str], layer: Any) -> bool:
    if not path:
        return True
    if not isinstance(layer, Mapping):
        return True  # a scalar in place of the mapping above the locked key replaces that key too
    here = cast(Mapping[str, Any], layer)
    return path[0] in here and _sets(path[1:], here[path[0]])


def deep_freeze(value: Any) -> Any:
    """The same without any way to change it."""
    if isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value)
        return MappingProxyType({key: deep_freeze(item) for key, item in items.items()})
    if isinstance(value, list):
        return tuple(deep_freeze(item) for item in cast(list[Any], value))
    return value


def to_plain(value: Any) -> Any:
    """Plain dicts and lists again, for JSON."""
    if isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value)
        return {key: to_plain(item) for key, item in items.items()}
    if isinstance(value, tuple):
        return [to_plain(item) for item in cast(tuple[Any, ...], value)]
    return value
