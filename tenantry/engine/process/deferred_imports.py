"""Imports that wait until somebody needs the module.

Every up starts processes that live for a few seconds, and what the SDKs import for uses that are not ours (the
Automation API, dynamic providers, tracing) is a third of their start. `importlib.util.LazyLoader` does not do: a second
`import` of its module, which the SDKs have, loads it. Standard library alone, as this comes before all else.
"""

import importlib
import os
import sys
from types import ModuleType
from typing import Any


class _Deferred(ModuleType):
    """Stands for a module, and becomes it with the first attribute that somebody asks for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # what the import system asks of a module without wanting it
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def defer(*names: str) -> None:
    """Lets an import of each module bind a stand-in; a module that is loaded already stays."""
    for name in names:
        if name not in sys.modules:
            sys.modules[name] = _Deferred(name)


def defer_sdk() -> None:
    """Defers the parts of the Pulumi SDK that neither our program nor our plugins use.

    Where somebody traces (TRACEPARENT, the SDK's documented switch), tracing is loaded first of all, as it must be.
    """
    defer("pulumi.automation", "pulumi.dynamic")
    if "TRACEPARENT" not in os.environ:
        defer("pulumi.runtime._instrumentation")
