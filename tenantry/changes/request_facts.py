"""Changes of a request's files for each tenant: phase, plan, price, limits and rotations, before and after.

Needs no credential and no engine. Nothing in it names a person: no name, phone, address or value of a configuration.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tenantry.engine.stack.fleet_location import FleetLocation
from tenantry.fleet.load import Fleet, load_fleet
from tenantry.model.credential_rotation import ALL_CREDENTIALS
from tenantry.model.lifecycle import Phase
from tenantry.model.resolved import ResolvedTenant
from tenantry.names import CODE
from tenantry.parsing.faults import Faults
from tenantry.reports.baseline import BaselineUnavailable, changed_since, extract, fork_of, from_fleet, git
from tenantry.reports.plan_diff import Change, TenantDiff, diff_tenants
from tenantry.spec.quantity import format_bytes

_MEBI: Final = 2**20  # from here on a number is one of bytes
_THERE: Final = "there"  # how a whole that comes or goes is told
_WITH_VALUES: Final = frozenset(
    {"maxUsers", "maxStorage", "quotas", "limits", "features", "ai", "services", "enabledServices", "backups", "sleep"}
    | {"administrators"}  # by their ids and roles; their persons are never told
)


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """One tenant that the files change. None stands for a side on which it has no file."""

    code: str
    phases: tuple[Phase | None, Phase | None]
    plans: tuple[str | None, str | None]
    monthly: tuple[int, int]  # CNY; 0 while nothing of it runs
    more: tuple[str, ...] = ()  # `quotas.users.limit 100 -> 200`
    less: tuple[str, ...] = ()
    other: tuple[str, ...] = ()  # keys alone: their values may be anybody's data
    rotated: tuple[str, ...] = ()  # `all passwords and keys`, `API key crm`

    @property
    def changes_plan(self) -> bool:
        """Tells whether anything is more or less than it was, beside who administers it."""
        return any(not key.startswith("administrators") for key in (*self.more, *self.less))

    @property
    def changes_labels(self) -> bool:
        return any(key.startswith("labels.") for key in self.other)

    @property
    def changes_services(self) -> bool:
        return any(key.startswith(("services.", "enabledServices")) for key in (*self.more, *self.less))


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """The changes of one stack's files. `is_data_only`: nothing beside the tenants' folder differs from the base."""

    tenants: Mapping[str, TenantFacts]
    monthly: tuple[int, int]  # CNY, of all tenants of the stack
    is_data_only: bool = False
    base: str = ""
    head: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides of a request. `changed_files`: the codes whose files differ, also in what nobody is told."""

    base: Fleet
    head: Fleet
    facts: RequestFacts
    changed_files: frozenset[str] = frozenset()


def request_facts(revision: str, now: FleetLocation) -> RequestFacts:
    """`both_sides` without the sides."""
    return both_sides(revision, now).facts


def both_sides(revision: str, now: FleetLocation) -> Compared:
    """Compares the files of a stack with a directory, or with where the branch left `revision`.

    Raises BaselineUnavailable where there is none, Faults when the files are not in order.
    """
    if Path(revision).is_dir():
        base, head = load_fleet(Path(revision), now.zone, today=now.today), now.load()
        return Compared(base, head, compare(base, head, now.cells))
    return compared(revision, now)


def compared(revision: str, now: FleetLocation) -> Compared:
    """The files of a stack, and those of where the branch left `revision`, which is no directory.

    Raises BaselineUnavailable where there is none, Faults when the files are not in order.
    """
    head = now.load()
    commit = fork_of(revision, now.directory)
    with tempfile.TemporaryDirectory(prefix="tenantry-") as scratch:
        extract(commit, now.directory, Path(scratch))
        try:
            base = load_fleet(Path(scratch), now.zone, today=now.today)
        except Faults as faults:
            lines = str(faults).replace(f"{scratch}/", f"{revision}:")
            raise BaselineUnavailable(
                f"the files of {revision} are none that this version can read:\n{lines}"
            ) from None
        changed = frozenset(_changed_files(Path(scratch), now.directory))
    is_data = is_data_only(commit, now.directory)
    ours = git(now.directory, "rev-parse", "HEAD").decode().strip()
    facts = compare(base, head, now.cells, is_data_only=is_data, base_commit=commit, head_commit=ours)
    return Compared(base, head, facts, changed)


def _changed_files(base: Path, head: Path) -> Iterator[str]:
    names = {path.stem for folder in (base, head) for path in folder.glob("*.yaml") if CODE.fullmatch(path.stem)}
    for code in sorted(names):
        sides = [folder / f"{code}.yaml" for folder in (base, head)]
        contents = [path.read_bytes() if path.is_file() else None for path in sides]
        if contents[0] != contents[1]:
            yield code


def compare(
    base: Fleet,
    head: Fleet,
    cells: frozenset[str] | None,
    *,
    is_data_only: bool = False,
    base_commit: str = "",
    head_commit: str = "",
) -> RequestFacts:
    """`cells`: those of the stack, None for all."""
    before, after = from_fleet(base, cells), from_fleet(head, cells)
    differences = {effect.code: effect for effect in diff_tenants(before, after)}
    old, new = _by_code(base, cells), _by_code(head, cells)
    facts: dict[str, TenantFacts] = {}
    for code in sorted({*old, *new}, key=lambda name: int(name[1:])):
        fact = _facts(code, old.get(code), new.get(code), differences.get(code))
        if fact is not None:
            facts[code] = fact
    totals = tuple(sum(int(tenant["price"]["monthly"]) for tenant in side.values()) for side in (before, after))
    return RequestFacts(facts, (totals[0], totals[1]), is_data_only, base_commit, head_commit)


def _by_code(fleet: Fleet, cells: frozenset[str] | None) -> dict[str, ResolvedTenant]:
    return {tenant.code: tenant for tenant in fleet.all if cells is None or tenant.cell in cells}


def _facts(
    code: str, old: ResolvedTenant | None, new: ResolvedTenant | None, effect: TenantDiff | None
) -> TenantFacts | None:
    phases = (old.phase if old else None, new.phase if new else None)
    rotated = tuple(_rotated(old, new)) if old and new else ()
    if effect is None and phases[0] == phases[1] and not rotated:
        return None
    changes = effect.changes if effect else ()
    return TenantFacts(
        code,
        phases,
        (old.spec.plan if old else None, new.spec.plan if new else None),
        effect.monthly if effect else (0, 0),
        tuple(_shown(change) for change in changes if change.direction == "more"),
        tuple(_shown(change) for change in changes if change.direction == "less"),
        tuple(_shown(change) for change in changes if change.direction == "other" and not _is_plan(change)),
        rotated,
    )


def _rotated(old: ResolvedTenant, new: ResolvedTenant) -> Iterator[str]:
    for name, rotation in new.rotations.items():
        before = old.rotations.get(name)
        if before is not None and before.number != rotation.number:
            yield "all passwords and keys" if name == ALL_CREDENTIALS else f"API key {name.partition('/')[2]}"


def _is_plan(change: Change) -> bool:
    """Said as a whole: from which plan to which, and at what price."""
    return change.key == "plan" or change.key.startswith("price.")


def _shown(change: Change) -> str:
    if change.key.partition(".")[0] not in _WITH_VALUES:
        return change.key
    before, after = change.before, change.after
    if before is None:
        return f"{change.key} added" + ("" if after == _THERE else f": {_text(after)}")
    return f"{change.key} removed" if after is None else f"{change.key} {_text(before)} -> {_text(after)}"


def _text(value: Any) -> str:
    if isinstance(value, int) and value >= _MEBI and value % _MEBI == 0:
        return format_bytes(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_data_only(commit: str, directory: Path) -> bool:
    """Tells whether nothing but plain files of the tenants' folder differs, committed or not."""
    prefix = git(directory, "rev-parse", "--show-prefix").decode().strip()
    return all(
        name.startswith(prefix) and name.endswith((".yaml", ".json")) for name in changed_since(commit, directory)
    )
