"""docs/isolation.md is complete, and says what the code says."""

from fnmatch import fnmatchcase

from policies.analyzer.catalogue import all_rules
from tenantry.inspection.verify.catalogue import ATTACKS
from tenantry.model.admission_policies import RAILS
from tests.isolation.conftest import FILE, ROWS, document, expanded, holds


def test_the_table_is_the_one_that_the_code_writes() -> None:
    assert FILE.read_text("utf-8") == document(), "run `python -m tests.isolation.conftest`"


def test_every_rule_every_rail_and_every_attack_is_in_a_row() -> None:
    rules, attacks = list(all_rules()), [attack.id for attack in ATTACKS]
    assert sorted(set(rules) - {name for row in ROWS for name in expanded(row.rules, rules)}) == []
    assert sorted(set(attacks) - {name for row in ROWS for name in expanded(row.attacks, attacks)}) == []
    assert [rail for rail in RAILS if not any(holds(row, rail) for row in ROWS)] == []


def test_no_row_names_what_is_gone() -> None:
    known = [*all_rules(), *(attack.id for attack in ATTACKS)]
    named = [name for row in ROWS for name in (*row.rules, *row.attacks)]
    assert [entry for entry in named if not any(fnmatchcase(name, entry) for name in known)] == []
