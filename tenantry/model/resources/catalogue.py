"""All systems: each module of `systems/` is found, and its facts are put together with the others'."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from tenantry.model.resources import systems
from tenantry.model.resources.facts import CleanUpRow, Control, ResourceKind, Rights
from tenantry.model.resources.stack_settings import SystemSettings

SYSTEMS: Final[tuple[ModuleType, ...]] = tuple(
    importlib.import_module(f"{systems.__name__}.{module.name}") for module in pkgutil.iter_modules(systems.__path__)
)


def _entries(name: str) -> tuple[Any, ...]:
    """The entries of all tuples of this name."""
    return tuple(entry for system in SYSTEMS for entry in getattr(system, name, ()))


# The name of a kind (`kinds.kind_name`) -> its facts.
KINDS: Final[Mapping[str, ResourceKind]] = {
    name: kind for system in SYSTEMS for name, kind in getattr(system, "KINDS", {}).items()
}
RIGHTS: Final[tuple[Rights, ...]] = tuple(getattr(system, "RIGHTS", Rights()) for system in SYSTEMS)
CLEAN_UP: Final[tuple[CleanUpRow, ...]] = _entries("CLEAN_UP")
CONTROLS: Final[tuple[Control, ...]] = _entries("CONTROLS")
SETTINGS: Final[tuple[type[SystemSettings], ...]] = _entries("SETTINGS")
