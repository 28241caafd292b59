"""Whether a run came to its end, for what may be remembered only then."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.runtime import get_root_resource

from stacks.unchecked import engine_command


def is_partial(command: Sequence[str]) -> bool:
    """Whether the engine's command line leaves resources out: those keep the state that they had."""
    return any(one == "-t" or one.startswith(("--target", "--exclude")) for one in command)


async def came_to_its_end(ends: Sequence[pulumi.CustomResource], otherwise: Mapping[str, Any]) -> bool:
    """Waits for resources that stand on all others; False when one of them, or what it stands on, has failed, and when
    the run leaves some out.

    `otherwise` are the stack's outputs should the program be ended while it waits: the engine keeps those that it was
    told last, and records them when the run is over.
    """
    for name, value in otherwise.items():
        pulumi.export(name, value)  # what the SDK tells the engine when this program ends with an error
    root = get_root_resource()
    if isinstance(root, pulumi.ComponentResource):
        root.register_outputs(dict(otherwise))
    try:
        return not is_partial(engine_command()) and await pulumi.Output.all(*(one.id for one in ends)).is_known()
    except Exception:  # whatever ended the run: the SDK holds the same error and reports it
        return False
