"""Stacks that are made from what the files say already: by their digest, and how their last run ended."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from tenantry.engine.run.last_update import last_update
from tenantry.engine.run.operations import Operation
from tenantry.engine.stack.clock import today
from tenantry.engine.stack.made_from import MADE_FROM, made_from
from tenantry.engine.state.deployment import Deployment
from tenantry.engine.state.recovery import interrupted
from tenantry.engine.state.tenant_records import read_records, records_of
from tenantry.fleet.load import Fleet, load_fleet
from tenantry.maintenance.cells.site import PlacedStack, Turn
from tenantry.model.tenant_record import TenantRecord
from tenantry.parsing.json_narrowing import mapping


def unchanged(operations: Mapping[str, Operation], stacks: Sequence[PlacedStack]) -> set[str]:
    """The names of those that a run would do nothing for. Raises Faults when the tenants' files are not in order.

    `operations`: of each stack, and of the one that holds their platform. The files are read once for all of them.
    """
    states = {name: operation.records.read() for name, operation in operations.items()}
    fleets: dict[tuple[Path, str, date], Fleet] = {}
    names: set[str] = set()
    for stack in stacks:
        state, project = states[stack.name], operations[stack.name].project
        key = (stack.folder, project.zone(stack.name), today(project, stack.name))
        if key not in fleets:
            fleets[key] = _fleet(*key, [known for known in states.values() if known])
        if state is None or interrupted(state):
            continue
        site = states.get(stack.site)
        digest = made_from(
            project.root,
            stack.name,
            fleets[key],
            stack.holds,
            has_platform=stack.turn is Turn.SITE,
            platform=mapping(site.outputs.get("platform")) if site and stack.turn is not Turn.SITE else None,
        )
        if state.outputs.get(MADE_FROM) == digest and _ended_well(operations[stack.name]):
            names.add(stack.name)
    return names


def _fleet(folder: Path, zone: str, day: date, states: Sequence[Deployment]) -> Fleet:
    """The tenants as the program of each of these stacks resolves its own: a tenant is in one of them."""
    records: dict[str, TenantRecord] = {}
    for state in states:
        records |= read_records(state.outputs.get("leaving")) | records_of(state)
    return load_fleet(
        folder,
        zone,
        today=day,
        first_seen_deleted={code: record.deletion_seen for code, record in records.items() if record.deletion_seen},
        before={code: record.given for code, record in records.items() if not record.opening},
        unseen=day,
    )


def _ended_well(operation: Operation) -> bool:
    """Of a resource that is no longer declared and could not be deleted the digest knows nothing."""
    last = last_update(operation.cli, operation.stack)
    return (last.get("kind"), last.get("result")) == ("update", "succeeded")
