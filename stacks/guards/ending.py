"""Tells whether a run came to its end, for what may be remembered only then."""

from collections.abc import Mapping, Sequence

import pulumi

from stacks.guards.engine_command import engine_command


async def settings_after(
    ends: Sequence[pulumi.CustomResource], new: Mapping[str, str], old: Mapping[str, str]
) -> Mapping[str, str]:
    """The new ones only once everything has followed them: until then each run is to be allowed again."""
    return new if await came_to_its_end(ends) else old


async def digest_after(ends: Sequence[pulumi.CustomResource], digest: str) -> str:
    """What the stack is made from, once it is; else nothing, so that no run is passed by."""
    if pulumi.runtime.is_dry_run():
        return digest
    return digest if not engine_command().has_other_settings and await came_to_its_end(ends) else ""


async def came_to_its_end(ends: Sequence[pulumi.CustomResource]) -> bool:
    """Waits for resources that stand on all others.

    False when one of them, or what it stands on, has failed, and when the run leaves some out.
    """
    try:
        return (
            not engine_command().is_partial and await pulumi.Output.all(*(resource.id for resource in ends)).is_known()
        )
    except Exception:  # whatever ended the run: the SDK holds the same error and reports it
        return False
