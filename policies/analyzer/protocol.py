"""The classes generated from Pulumi's analyzer protocol.

`import pulumi.runtime.proto` runs the whole SDK's `__init__`, half a second of every preview, for a handful of message
classes. The generated modules only import each other relatively, so they are loaded from where the SDK is installed as
a package of their own; where the SDK is there already (`python -m pulumi.policy`), its own are taken.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pulumi.runtime.proto import analyzer_pb2, plugin_pb2

__all__ = ["analyzer_pb2", "plugin_pb2"]

ALIAS: Final = "pulumi_protocol"


def register_alias() -> None:
    spec = find_spec("pulumi")
    if spec is None or spec.origin is None:
        raise ImportError("the Pulumi SDK is not installed for this Python: run `uv sync`")
    package = ModuleType(ALIAS)
    package.__path__ = [str(Path(spec.origin).parent / "runtime" / "proto")]
    sys.modules[ALIAS] = package


if not TYPE_CHECKING:
    if "pulumi.runtime" in sys.modules:
        from pulumi.runtime.proto import analyzer_pb2, plugin_pb2
    else:
        register_alias()
        from pulumi_protocol import analyzer_pb2, plugin_pb2
