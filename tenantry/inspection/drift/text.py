"""A look for drift on a terminal or in a log: the gravest first, each finding with what to do."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tenantry.changes.report.sections import SHARED
from tenantry.inspection.drift.model import TITLES, Drift, Finding, Gravity, Mending, by_tenant
from tenantry.parsing.faults import printable


def plain_text(drift: Drift) -> str:
    return "\n".join(map(printable, _lines(drift))) + "\n"


def _lines(drift: Drift) -> Iterator[str]:
    if drift.mended:
        yield f"repaired: {len(drift.mended)}"
        yield from (f"  {line}" for line in drift.mended)
        yield ""
    yield f"{drift.stack}: {verdict(drift)}"
    yield f"  looked at {drift.resources} resources and what is beside them in {drift.seconds:.0f} s"
    if drift.unseen:
        yield "COULD NOT BE LOOKED AT"
        yield from (f"  {' '.join(reason.split())}" for reason in drift.unseen)
    for tenant, findings in by_tenant(drift.findings).items():
        yield ""
        yield f"{tenant or SHARED}: {TITLES[findings[0].gravity].upper()}"
        for finding in findings:
            yield f"  {TITLES[finding.gravity]}: {subject_of(finding)}: {finding.said}"
            yield f"    what to do: {finding.remedy}"
    if drift.findings:
        yield ""
        yield ending(drift.findings)


def verdict(drift: Drift) -> str:
    """`3 differences, the gravest: isolation broken (1 isolation broken, 2 harmless)`."""
    if not drift.findings:
        return "not all was seen, and nothing differs in the rest" if drift.unseen else "nothing differs"
    count = len(drift.findings)
    kinds = Counter(finding.gravity for finding in drift.findings)
    worst = TITLES[min(kinds)]
    parts = ", ".join(f"{kinds[gravity]} {TITLES[gravity]}" for gravity in Gravity if gravity in kinds)
    return f"{count} difference{'s' if count > 1 else ''}, the gravest: {worst}" + (
        f" ({parts})" if len(kinds) > 1 else ""
    )


def subject_of(finding: Finding) -> str:
    return f"{finding.system} {finding.subject}"


def ending(findings: Iterable[Finding]) -> str:
    """The number that a repair mends, and that it leaves."""
    left = Counter(finding.mending for finding in findings)
    person = left.pop(Mending.PERSON, 0)
    parts = [f"`tenantry drift --repair` mends {sum(left.values())}"] if left else []
    return "; ".join([*parts, *([f"{person} left to a person"] if person else [])])
