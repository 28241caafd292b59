"""A state and a plan from two recordings of a program, as the engine would have them: by the resources' inputs."""

from collections.abc import Mapping
from typing import Any

from tenantry.changes.report.request_report import Operation
from tenantry.engine.state.deployment import Deployment

Resources = Mapping[str, Any]


def resources(recording: Any) -> Resources:
    return {f"urn:pulumi:test::tenantry::{entry.type}::{entry.name}": entry for entry in recording.resources}


def state(there: Resources) -> Deployment:
    urns = {entry.name: urn for urn, entry in there.items()}
    return Deployment(
        {
            "resources": [
                {"urn": urn, "custom": entry.custom, "parent": urns.get(entry.parent), "inputs": entry.inputs}
                for urn, entry in there.items()
            ]
        }
    )


def operations(before: Resources, after: Resources, tenant: str = "") -> list[Operation]:
    """The steps that the engine would plan, by the resources' inputs; providers left aside, which are no tenant's."""

    def of(urns: Any, operation: str) -> list[Operation]:
        return [Operation(tenant, urn, operation) for urn in urns if "pulumi:providers" not in urn]

    both = before.keys() & after.keys()
    changed = [urn for urn in both if str(before[urn].inputs) != str(after[urn].inputs)]
    return [*of(after.keys() - both, "create"), *of(before.keys() - both, "delete"), *of(changed, "update")]
