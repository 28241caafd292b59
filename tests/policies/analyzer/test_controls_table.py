"""Every rule, rail and attack is in the row of a control, and no row names what is gone."""

from fnmatch import fnmatchcase

from policies.analyzer.catalogue import all_rules
from policies.analyzer.controls_table import attacks, expanded, holds
from tenantry.model.admission_policies import RAILS
from tenantry.model.resources.catalogue import CONTROLS


def test_every_rule_every_rail_and_every_attack_is_in_a_row() -> None:
    rules, tries = list(all_rules()), attacks()
    assert sorted(set(rules) - {name for control in CONTROLS for name in expanded(control.rules, rules)}) == []
    assert sorted(set(tries) - {name for control in CONTROLS for name in expanded(control.attacks, tries)}) == []
    assert [rail for rail in RAILS if not any(holds(control, rail) for control in CONTROLS)] == []


def test_no_row_names_what_is_gone() -> None:
    known = [*all_rules(), *attacks()]
    patterns = [pattern for control in CONTROLS for pattern in f"{control.rules} {control.attacks}".split()]
    assert [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in known)] == []


def test_no_two_rows_are_of_one_control() -> None:
    assert len({(control.system, control.name) for control in CONTROLS}) == len(CONTROLS) > 30
