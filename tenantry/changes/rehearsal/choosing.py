"""The choice of tenants for a rehearsal: those that the request affects, and a few that it must leave alone.

A fleet of hundreds is not converged for one request. Tenants to whom the same would happen stand for each other: of
each kind of change, phase and plan one comes before a second one of any.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tenantry.changes.report.rehearsal_result import RehearsedTenant, Role
from tenantry.changes.request_facts import RequestFacts
from tenantry.model.lifecycle import Phase
from tenantry.model.resolved import ResolvedTenant

MOST: Final = 5  # affected tenants: each takes some ten seconds of a rehearsal on two processors
BYSTANDERS: Final = 2
_UNREHEARSED: Final = (Phase.PURGING, Phase.GONE)  # their removal needs a backup that was proved 30 days ago

Side = Mapping[str, ResolvedTenant]


@dataclass(frozen=True, slots=True)
class Choice:
    """`tenants` in the order of their codes; `left_out` are affected too, and others stand for them."""

    tenants: tuple[RehearsedTenant, ...]
    left_out: tuple[str, ...]

    def codes(self, role: Role | None = None) -> tuple[str, ...]:
        return tuple(tenant.code for tenant in self.tenants if role in (None, tenant.role))


@dataclass(frozen=True, slots=True)
class Sides:
    """The stack's tenants before and after, and the codes whose files differ."""

    base: Side
    head: Side
    changed_files: Collection[str]
    facts: RequestFacts


def choose(sides: Sides, *, named: Collection[str] = (), most: int = MOST, bystanders: int = BYSTANDERS) -> Choice:
    """`named` take part in any case and are affected. Raises KeyError with the code of one that neither side has."""
    for code in named:
        if code not in {*sides.base, *sides.head}:
            raise KeyError(code)
    affected = {code: why for code, why in _affected(sides) if _can_be_rehearsed(code, sides)}
    ordered = [*named, *_mixed((code, _shape(code, sides)) for code in affected if code not in named)]
    taken = ordered[: max(most, len(named))]
    untouched = [code for code in _both(sides) if code not in affected and code not in taken]
    beside = _mixed((code, _state(sides.base[code])) for code in untouched)[:bystanders]
    chosen = [
        *(RehearsedTenant(code, Role.AFFECTED, affected.get(code, "named by --tenant")) for code in taken),
        *(RehearsedTenant(code, Role.BYSTANDER, _words(sides.base[code])) for code in beside),
    ]
    left_out = sorted((set(affected) | _unfit(sides)) - set(taken), key=_number)
    return Choice(tuple(sorted(chosen, key=lambda tenant: _number(tenant.code))), tuple(left_out))


def _affected(sides: Sides) -> Iterator[tuple[str, str]]:
    """With the reason; by the files first. Other code may affect everybody."""
    for code in sorted({*sides.facts.tenants, *sides.changed_files} & {*sides.base, *sides.head}, key=_number):
        if code not in sides.base:
            yield code, "opened by the request"
        elif code not in sides.head:
            yield code, "its file is gone"
        elif code in sides.changed_files:
            yield code, "its file changes"
        else:
            yield code, "what it is given changes"
    if not sides.facts.is_data_only:
        known = {*sides.facts.tenants, *sides.changed_files}
        yield from ((code, f"by code; {_words(sides.base[code])}") for code in _both(sides) if code not in known)


def _both(sides: Sides) -> list[str]:
    codes = sides.base.keys() & sides.head.keys()
    return sorted((code for code in codes if _can_be_rehearsed(code, sides)), key=_number)


def _can_be_rehearsed(code: str, sides: Sides) -> bool:
    there = [side[code] for side in (sides.base, sides.head) if code in side]
    return all(tenant.phase not in _UNREHEARSED for tenant in there)


def _unfit(sides: Sides) -> set[str]:
    return {code for code in {*sides.facts.tenants, *sides.changed_files} if not _can_be_rehearsed(code, sides)}


def _shape(code: str, sides: Sides) -> Hashable:
    """The same for tenants to whom the same would happen."""
    facts = sides.facts.tenants.get(code)
    states = tuple(_state(side[code]) if code in side else None for side in (sides.base, sides.head))
    keys = tuple(text.partition(" ")[0] for text in (*facts.more, *facts.less, *facts.other)) if facts else ()
    return (facts is None, states, keys)


def _state(tenant: ResolvedTenant) -> tuple[str, str]:
    return (tenant.phase.value, tenant.spec.plan)


def _words(tenant: ResolvedTenant) -> str:
    return f"plan {tenant.spec.plan}, {tenant.phase.value}"


def _mixed(shapes: Iterable[tuple[str, Hashable]]) -> list[str]:
    """Orders codes by shape in turn: the first of each, then the second of each, and so on."""
    groups: dict[Hashable, list[str]] = {}
    for code, shape in shapes:
        groups.setdefault(shape, []).append(code)
    longest = max(map(len, groups.values()), default=0)
    return [group[place] for place in range(longest) for group in groups.values() if place < len(group)]


def _number(code: str) -> tuple[int, str]:
    return (int(code[1:]) if code[1:].isdigit() else 0, code)
