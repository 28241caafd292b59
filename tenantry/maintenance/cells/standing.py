"""Stacks that are made from what the files say already: by their digest, and how their last run ended."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

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

_ASKED_AT_ONCE: Final = 4  # engines that tell the end of a stack's last run


def unchanged(operations: Mapping[str, Operation], stacks: Sequence[PlacedStack]) -> set[str]:
    """The names of those that a run would do nothing for. Raises Faults when the tenants' files are not in order.

    `operations`: of each stack, and of the one that holds their platform. The files are read once for all of them.
    """
    wanted = {name for stack in stacks for name in (stack.name, stack.site)} & operations.keys()
    states = {name: operations[name].records.read() for name in sorted(wanted)}
    fleets: dict[tuple[Path, str, date], Fleet] = {}
    same: dict[str, Deployment] = {}
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
        if state.outputs.get(MADE_FROM) == digest:
            same[stack.name] = state
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        ended = pool.map(_ended_well, [operations[name] for name in same], same.values())
        return {name for name, is_well in zip(same, ended, strict=True) if is_well}


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


def _ended_well(operation: Operation, state: Deployment) -> bool:
    """Tells whether the engine's last run succeeded, and nobody has written the state since its end.

    The digest among the outputs is that of the last run which came to its end. Of a resource that could not be deleted
    it knows nothing, and a run that was killed leaves the digest of the run before it, and no entry in the history.
    """
    last = last_update(operation.cli, operation.stack)
    if (last.get("kind"), last.get("result")) != ("update", "succeeded"):
        return False
    try:
        written, ended = _second(state.changed_at), _second(str(last.get("endTime")))
    except ValueError:
        return False
    return written <= ended


def _second(text: str) -> datetime:
    """The history knows whole seconds only."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
