"""Every rule is tested, and says what it must."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from policies.analyzer.catalogue import POLICIES, all_rules, rules_of
from policies.model.settings import SCHEMAS

HERE = Path(__file__).parent
TABLES = ("CASES", "PRESENT")


def violated() -> set[str]:
    """The rules that some table of a test file here breaks."""
    names: set[str] = set()
    for path in HERE.rglob("test_*.py"):
        if path.name == Path(__file__).name:
            continue
        spec = importlib.util.spec_from_file_location(f"tables_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        names |= {case[0] for table in TABLES for case in getattr(module, table, [])}
        names |= set(getattr(module, "CASES_ELSEWHERE", []))
    return names


def test_every_rule_has_a_violating_case() -> None:
    assert sorted(set(all_rules()) - violated()) == []


def test_no_case_is_of_a_rule_that_is_gone() -> None:
    assert sorted(violated() - set(all_rules())) == []


def test_every_policy_has_rules_and_says_what_it_is_about() -> None:
    assert set(SCHEMAS) <= set(POLICIES) == {rule.policy for rule in all_rules().values()}
    assert all(POLICIES.values())
    assert all(rules_of(policy) for policy in POLICIES)


@pytest.mark.parametrize("name", sorted(all_rules()))
def test_a_rule_says_what_it_demands_why_and_what_to_do(name: str) -> None:
    rule = all_rules()[name]
    assert (rule.on_resource is None) != (rule.on_stack is None)
    assert rule.demands[0].isupper()
    assert rule.demands.endswith(".")
    assert rule.why[0].isupper()
    assert rule.why.endswith(".")
    assert rule.remedy[0].islower()
    assert rule.remedy.endswith(".")
