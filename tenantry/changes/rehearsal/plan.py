"""The plan of a rehearsal, worked out before anything is started: both sides, the commit, the tenants."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from tenantry.changes.rehearsal.choosing import BYSTANDERS, MOST, Choice, Side, Sides, choose
from tenantry.changes.report.rehearsal_result import Role
from tenantry.changes.request_facts import RequestFacts, compared
from tenantry.engine.errors import CommandError
from tenantry.engine.stack.fleet_location import FleetLocation
from tenantry.engine.stack.project import Project
from tenantry.fleet.load import Fleet
from tenantry.reports.baseline import BaselineUnavailable


@dataclass(frozen=True, slots=True)
class Plan:
    project: Path  # the request's, as it lies here
    tenants: Path  # the folder of the tenants, as seen from the project
    zone: str
    commit: str  # the base's
    choice: Choice
    sides: Sides

    @property
    def facts(self) -> RequestFacts:
        """Those of the rehearsed tenants."""
        codes = self.choice.codes()
        facts = self.sides.facts
        return replace(facts, tenants={code: fact for code, fact in facts.tenants.items() if code in codes})

    @property
    def opened(self) -> tuple[str, ...]:
        """Tenants that the request brings."""
        return tuple(code for code in self.choice.codes() if code not in self.sides.base)

    @property
    def affected(self) -> tuple[str, ...]:
        return self.choice.codes(Role.AFFECTED)


def plan_of(
    revision: str,
    project: Project,
    place: FleetLocation,
    *,
    named: Collection[str] = (),
    most: int = MOST,
    bystanders: int = BYSTANDERS,
) -> Plan:
    """Raises BaselineUnavailable, Faults, or CommandError where there is nothing to rehearse."""
    if Path(revision).is_dir():
        raise BaselineUnavailable(
            f"{revision} is a directory, and the base's program is run: name a commit, tag or branch"
        )
    request = compared(revision, place)
    sides = Sides(_side(request.base, place), _side(request.head, place), request.changed_files, request.facts)
    try:
        choice = choose(sides, named=named, most=most, bystanders=bystanders)
    except KeyError as missing:
        raise CommandError(f"there is no tenant {missing.args[0]}", "`tenantry list` names them") from None
    if not choice.tenants:
        raise CommandError("the stack has no tenant that could be rehearsed", "write a first one: `tenantry new`")
    folder = place.directory.resolve()
    if not folder.is_relative_to(project.root.resolve()):
        raise CommandError(f"{folder} does not lie in the project", "a rehearsal takes the tenants of the repository")
    tenants = folder.relative_to(project.root.resolve())
    return Plan(project.root, tenants, place.zone, request.facts.base, choice, sides)


def _side(fleet: Fleet, place: FleetLocation) -> Side:
    return {tenant.code: tenant for tenant in fleet.all if place.holds(tenant.cell)}
