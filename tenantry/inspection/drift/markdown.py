"""Looks for drift of several stacks as one issue: its title and its body, which ends before the forge's limit."""

from collections.abc import Iterator, Sequence
from typing import Final

from tenantry.changes.report.markdown import LIMIT, NOTE, Block, code, fitting, written_blocks
from tenantry.changes.report.sections import SHARED
from tenantry.inspection.drift.model import TITLES, Drift, Finding, Gravity, by_tenant
from tenantry.inspection.drift.text import ending, subject_of, verdict

MARKER: Final = "<!-- tenantry-drift -->"
_UNSEEN: Final = 0  # goes before every finding


def needs_somebody(looks: Sequence[Drift]) -> bool:
    """Tells whether an issue is to be open: something differs that is not harmless, or was not seen."""
    return any(look.unseen or (look.worst is not None and look.worst is not Gravity.HARMLESS) for look in looks)


def title(looks: Sequence[Drift]) -> str:
    findings = [finding for look in looks for finding in look.findings]
    if not findings:
        return "Drift: not all was looked at" if any(look.unseen for look in looks) else "Drift: none"
    worst = min(finding.gravity for finding in findings)
    return f"Drift: {TITLES[worst]}, {len(findings)} in all"


def markdown(looks: Sequence[Drift]) -> str:
    """Begins with the marker by which the issue is found again. Never longer than LIMIT."""
    table = ["| stack | what differs | looked at |", "| --- | --- | --- |"]
    table += [f"| {code(look.stack)} | {verdict(look)} | {code(look.looked_at)} |" for look in looks]
    head = [MARKER, "## What others have changed", "", *table]
    blocks: list[Block] = []
    headings: dict[int, tuple[str, ...]] = {}
    for number, look in enumerate(looks):
        headings[number] = ("", f"## Stack {code(look.stack)}") if len(looks) > 1 else ()
        blocks += _blocks(number, look)
    kept, left_out = fitting(blocks, headings, LIMIT - NOTE - len("\n".join(head)))
    lines = [*head, *written_blocks(blocks, headings, kept)]
    if left_out:
        lines += [
            "",
            f"**{left_out} lines are left out here, the least grave first. The whole is the run's artifact.**",
        ]
    return "\n".join(lines) + "\n"


def _blocks(part: int, look: Drift) -> Iterator[Block]:
    if look.unseen:
        lines = tuple((_UNSEEN, f"- {code(reason)}") for reason in look.unseen)
        yield Block(part, ("", "### Could not be looked at", ""), lines)
    for tenant, findings in by_tenant(look.findings).items():
        heading = f"### {code(tenant) if tenant else SHARED}: {TITLES[findings[0].gravity]}"
        yield Block(part, ("", heading, ""), tuple(line for finding in findings for line in _lines(finding)))
    if look.findings:
        yield Block(part, ("",), ((int(Gravity.HARMLESS) + 1, _ours(ending(look.findings))),))


def _lines(finding: Finding) -> Iterator[tuple[float, str]]:
    value = float(finding.gravity)
    yield value, f"- **{TITLES[finding.gravity]}**: {code(subject_of(finding))}: {code(finding.said)}"
    yield value, f"  - what to do: {code(finding.remedy.replace('`', ''))}"


def _ours(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
