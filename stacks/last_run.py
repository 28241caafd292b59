"""The state that the last run left, read from the stack's own outputs before anything is registered.

They tell of every tenant that may have something in the world, and of what was done for it, not of what was asked for:
stacks/outputs.py. The engine keeps them through runs that fail or are killed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pulumi

from components.parts.tenant_row import this_stack
from tenantry.model.tenant_record import TENANTS, TenantRecord, UnreadableRecordError, tenant_records

PLATFORM = "platform"
FOUNDATION = "foundation"
SECRETS = ("adminDatabase",)  # the platform's too (components/platform.py)
PURGED = "purged"
LEAVING = "leaving"
SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class LastTenant(TenantRecord):
    """The record of a tenant of this stack."""

    leaving: bool = False  # its file was a tombstone already


@dataclass(frozen=True, slots=True)
class LastRun:
    """The outputs of the last run; empty on the first one."""

    held: Mapping[str, LastTenant]  # by code
    purged: frozenset[str]  # codes of those who are gone
    platform: Mapping[str, Any]  # the outputs of the platform, secrets as such
    foundation: Any = None  # the ids that its output told


def own_outputs() -> pulumi.StackReference:
    """A reference to this stack's outputs of the last run. To be made once: the engine knows it by its name."""
    return pulumi.StackReference(this_stack())


async def last_run(me: pulumi.StackReference) -> LastRun:
    """The last run's outputs. A tenant whose tombstone is not finished still counts: a run that could not remove it is
    taken back.
    """
    details, gone = await me.get_output_details(TENANTS), await me.get_output_details(PURGED)
    leaving = parsed((await me.get_output_details(LEAVING)).value)
    held = parsed(details.value if details.value is not None else details.secret_value)
    outputs = {name: await me.get_output_details(name) for name in (PLATFORM, *SECRETS)}
    return LastRun(
        held={code: replace(tenant, leaving=True) for code, tenant in leaving.items()} | held,
        purged=frozenset(str(code) for code in cast("Sequence[Any]", gone.value or ())),
        foundation=(await me.get_output_details(FOUNDATION)).value,
        platform={name: output.value for name, output in outputs.items() if output.value is not None}
        | {
            name: pulumi.Output.secret(output.secret_value)
            for name, output in outputs.items()
            if output.secret_value is not None
        },
    )


async def last_settings(me: pulumi.StackReference) -> dict[str, str]:
    """Weighty setting -> its value as text in the last run that came to its end; empty on the first run."""
    details = await me.get_output_details(SETTINGS)
    return {str(name): str(value) for name, value in cast("Mapping[str, Any]", details.value or {}).items()}


async def platform_of(stack: str) -> Mapping[str, Any] | None:
    """The platform's facts, from the stack that holds it."""
    details = await pulumi.StackReference(stack).get_output_details(PLATFORM)
    return cast("Mapping[str, Any] | None", details.value)


def parsed(output: Any) -> dict[str, LastTenant]:
    """Raises RunError for outputs of another shape: guessing what a stack held could cost a tenant its data."""
    try:
        return tenant_records(output, LastTenant)
    except UnreadableRecordError:
        raise pulumi.RunError(
            f"the stack's output `{TENANTS}` of the last run cannot be read, so it is not known which tenants "
            "it holds: run the version of the program that wrote it"
        ) from None
