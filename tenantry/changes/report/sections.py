"""A report in the order in which it is read: sections, and in them tenants to whom the same happens as one entry.

That is what lets a report of 200 tenants be read in a minute: 200 times the same is said once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tenantry.changes.report.statements import ReportedFinding, Statement, TenantReport, Weight

TITLES: Final = {
    Weight.DATA: "DATA IS DELETED OR REPLACED",
    Weight.GONE: "Deleted or replaced",
    Weight.ISOLATION: "Isolation or limits change",
    Weight.RAISED: "Gets more",
    Weight.LESS: "Gets less",
    Weight.RESTARTS: "Pods restart or stop",
    Weight.KEYS: "Passwords and keys rotate",
    Weight.OPENED: "Opened",
    Weight.OTHER: "All else",
}
SHARED: Final = "the platform"  # who is affected by what all tenants share
MOST_RANGES: Final = 16
_SHORTEST_RANGE: Final = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """The same for all of `codes`."""

    codes: tuple[str, ...]  # an empty one stands for what all tenants share
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """One finding, with all tenants that have it."""

    codes: tuple[str, ...]
    finding: ReportedFinding


def entries(tenants: Iterable[TenantReport], weight: Weight) -> list[Entry]:
    """Entries of one section; the shared ones first, then those of most tenants."""
    same: dict[tuple[Statement, ...], list[str]] = {}
    for tenant in tenants:
        said = tuple(statement for statement in tenant.statements if statement.weight is weight)
        if said:
            same.setdefault(said, []).append(tenant.code)
    grouped = [Entry(tuple(codes), statements) for statements, codes in same.items()]
    return sorted(grouped, key=lambda one: (one.codes[0] != "", -len(one.codes)))


def finding_entries(findings: Iterable[ReportedFinding]) -> list[FindingEntry]:
    """Policies first; what differs by the tenant's code alone is one."""
    same: dict[tuple[str, str, str], list[ReportedFinding]] = {}
    for finding in findings:
        text = finding.text.replace(finding.tenant, "CODE") if finding.tenant else finding.text
        same.setdefault((finding.rule, text, finding.remedy), []).append(finding)
    grouped = [FindingEntry(tuple(dict.fromkeys(entry.tenant for entry in group)), group[0]) for group in same.values()]
    return sorted(grouped, key=lambda one: (one.finding.rule == "", -len(one.codes)))


def who(codes: Sequence[str]) -> str:
    """`k001`, `k001, k004`, `200 tenants (k001 to k200)`."""
    if not any(codes):
        return SHARED
    named = [code for code in codes if code]
    shown = list(_ranges(named))
    some = ", ".join(shown[:MOST_RANGES]) + (" and more" if len(shown) > MOST_RANGES else "")
    return some if len(named) < _SHORTEST_RANGE else f"{len(named)} tenants ({some})"


def _ranges(codes: Sequence[str]) -> Iterator[str]:
    run: list[str] = []
    for code in [*codes, ""]:
        if run and code[1:].isdigit() and run[-1][1:].isdigit() and int(code[1:]) == int(run[-1][1:]) + 1:
            run.append(code)
            continue
        if len(run) >= _SHORTEST_RANGE:
            yield f"{run[0]} to {run[-1]}"
        else:
            yield from run
        run = [code]
