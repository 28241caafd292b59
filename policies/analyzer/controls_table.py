"""The controls that hold each wall, three times over: on what is declared, in the live system, and by attack.

They stand with their systems, in tenantry/model/resources/systems/; the names of rules, rails and attacks are looked up
here.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from policies.model.rule import all_rules
from tenantry.inspection.verify.catalogue import ATTACKS
from tenantry.model.admission_policies import RAILS
from tenantry.model.resources.catalogue import CONTROLS
from tenantry.model.resources.facts import Control

NONE: Final = "none: it shields from mistakes, not from people"


def attacks() -> list[str]:
    return [attack.id for attack in ATTACKS]


def expanded(patterns: str, names: Sequence[str]) -> list[str]:
    """In the order of the names."""
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns.split())]


def holds(control: Control, rail: str) -> bool:
    """Tells whether this rail is among what holds the control in the live system."""
    return rail in control.live.replace(",", " ").replace(";", " ").split()


def table() -> Iterator[str]:
    """A row for each control, and one for each rail."""
    rules, tries = list(all_rules()), attacks()
    yield "| system | control | policy | live | attack |\n| --- | --- | --- | --- | --- |"
    for control in CONTROLS:
        cells = (_listed(expanded(control.rules, rules)), control.live, _listed(expanded(control.attacks, tries)))
        yield f"| {control.system} | {control.name} | {' | '.join(cells)} |"
    yield "\n## The rails\n\n| rail | in the rows |\n| --- | --- |"
    for rail in RAILS:
        yield f"| `{rail}` | {'; '.join(control.name for control in CONTROLS if holds(control, rail))} |"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or NONE
