"""Each alert as Prometheus itself evaluates it: it fires when it must, not before, and it ends."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tenantry.engine.clients.postgresql import Server
from tenantry.watch.alerts.catalogue import ALERTS, RULES, rules_document
from tenantry.watch.alerts.model import Recording
from tenantry.watch.metrics import TenantCollector
from tests.support.monitoring.promtool import promtool
from tests.tenantry.watch.alerts.cases import CASES, INFO, WHO, Case

PAGES = "https://forge.test/docs/runbooks"
FAST, SLOW = "30s", "10m"
Test = Mapping[str, Any]


def series(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": values} for name, values in given.items()]


def expected(case: Case) -> dict[str, Any]:
    page = next(alert.page for alert in ALERTS if alert.name == case.name)
    return {
        "exp_labels": {**case.labels, **case.extra, "severity": case.severity},
        "exp_annotations": {"summary": case.summary, "runbook_url": f"{PAGES}/{page}"},
    }


def fires(case: Case, at: str, *alerts: dict[str, Any]) -> dict[str, Any]:
    return {"eval_time": at, "alertname": case.name, "exp_alerts": list(alerts)}


def silent(case: Case, at: str) -> dict[str, Any]:
    """Nothing of this severity: of a quota at 95 % the warning of 90 % is told."""
    firing = f'ALERTS{{alertname="{case.name}", severity="{case.severity}", alertstate="firing"}}'
    return {"eval_time": at, "expr": firing, "exp_samples": []}


def both_of(case: Case) -> list[Test]:
    step = SLOW if case.slow else FAST
    moments = [fires(case, case.quiet), fires(case, case.fires, expected(case)), fires(case, case.clear)]
    return [
        {
            "name": f"{case.name} fires",
            "interval": step,
            "input_series": series(case.series),
            "alert_rule_test": moments,
        },
        {
            "name": f"{case.name} at its limit",
            "interval": step,
            "input_series": series(case.at_limit),
            "promql_expr_test": [silent(case, at) for at in (case.fires, case.clear)],
        },
    ]


@pytest.fixture
def evaluate(tmp_path: Path) -> Callable[..., str]:
    """The complaint of promtool on tests of the rules; empty when there is none."""

    def run(tests: Iterable[Test], step: str = FAST, rules: Mapping[str, Any] | None = None) -> str:
        (tmp_path / "rules.yaml").write_text(json.dumps(rules or rules_document(PAGES)))
        document = {"rule_files": ["rules.yaml"], "evaluation_interval": step, "tests": list(tests)}
        (tmp_path / "tests.yaml").write_text(json.dumps(document))
        return promtool("test", "rules", "tests.yaml", folder=tmp_path)

    return run


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(json.dumps(rules_document(PAGES)))
    assert promtool("check", "rules", "--lint=all", "--lint-fatal", "rules.yaml", folder=tmp_path) == ""


def test_every_row_of_the_table_has_a_case() -> None:
    rows = sorted((alert.name, str(alert.severity)) for alert in ALERTS)
    assert sorted((case.name, case.severity) for case in CASES) == rows


@pytest.mark.parametrize("step", [FAST, SLOW])
def test_each_fires_not_before_its_time_and_ends(evaluate: Callable[..., str], step: str) -> None:
    tests = [test for case in CASES if case.slow == (step == SLOW) for test in both_of(case)]
    assert evaluate(tests, step) == ""


@pytest.mark.parametrize("alert", sorted({case.name for case in CASES if not case.slow}))
def test_the_case_of_an_alert_fails_without_the_alert(evaluate: Callable[..., str], alert: str) -> None:
    rules = rules_document(PAGES)
    for group in rules["groups"]:
        group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != alert]
    found = evaluate([both_of(case)[0] for case in CASES if case.name == alert], rules=rules)
    assert f"alertname: {alert}" in found


def test_of_three_thresholds_only_the_highest_that_fires_is_told(evaluate: Callable[..., str]) -> None:
    """From 91 to 96 % at 10 minutes: the warning goes on until the critical one fires at 15, and ends then."""
    case = next(case for case in CASES if (case.name, case.severity) == ("TenantQuotaUsed", "critical"))
    used, limit = 'tenant_quota_usage{tenant="k001",quota="users"}', 'tenant_quota_limit{tenant="k001",quota="users"}'
    given = {INFO: "1x60", used: "91x19 96x40", limit: "100x60"}

    def alert_of(severity: str, percent: int) -> dict[str, Any]:
        row = expected(case)
        labels = row["exp_labels"] | {"severity": severity, "quota": "users"}
        text = f"k001 uses {percent}% of its quota users"
        return {"exp_labels": labels, "exp_annotations": row["exp_annotations"] | {"summary": text}}

    moments = [
        fires(case, "9m", alert_of("warning", 91)),
        fires(case, "14m", alert_of("warning", 96)),
        fires(case, "16m", alert_of("critical", 96)),
    ]
    assert evaluate([{"interval": FAST, "input_series": series(given), "alert_rule_test": moments}]) == ""


def test_where_nothing_is_known_only_that_is_told(evaluate: Callable[..., str]) -> None:
    names = {alert.name for alert in ALERTS} - {"MetricsMissing"}
    case = next(case for case in CASES if case.name == "MetricsMissing")
    moments = [{"eval_time": "3h", "alertname": name, "exp_alerts": []} for name in sorted(names)]
    test = {"interval": FAST, "input_series": [], "alert_rule_test": [*moments, fires(case, "3h", expected(case))]}
    assert evaluate([test]) == ""


def test_errors_are_told_while_the_exporter_is_away(evaluate: Callable[..., str]) -> None:
    case = next(case for case in CASES if case.name == "TenantErrorRateHigh")
    given = {name: values for name, values in case.series.items() if name != INFO}
    row = expected(case)
    row["exp_labels"] = {"tenant": "k001", "severity": "critical"}
    test = {"interval": FAST, "input_series": series(given), "alert_rule_test": [fires(case, case.fires, row)]}
    assert evaluate([test]) == ""


def test_two_exporters_for_a_moment_break_no_join(evaluate: Callable[..., str]) -> None:
    """An old and a new pod, of which one still says the plan before."""
    case = next(case for case in CASES if (case.name, case.severity) == ("TenantQuotaUsed", "critical"))
    twice: dict[str, str] = {}
    for name, values in case.series.items():
        twice[name.replace("}", ',pod="a"}')] = values
        twice[name.replace("standard", "basic").replace("}", ',pod="b"}')] = values
    expression = f'count(ALERTS{{alertname="{case.name}", alertstate="firing"}})'
    one = {"eval_time": case.fires, "expr": expression, "exp_samples": [{"labels": "{}", "value": 1}]}
    assert evaluate([{"interval": FAST, "input_series": series(twice), "promql_expr_test": [one]}]) == ""


def test_one_rule_serves_all_tenants(evaluate: Callable[..., str]) -> None:
    assert not [alert for alert in ALERTS if re.search(r"k\d{3}", alert.expression + alert.summary)]
    case = next(case for case in CASES if case.name == "TenantConnectionsNearLimit")
    many = {
        name.replace("k001", f"k{number:03}"): values for number in range(1, 41) for name, values in case.series.items()
    }
    expression = f'count(ALERTS{{alertname="{case.name}", alertstate="firing"}})'
    forty = {"eval_time": case.fires, "expr": expression, "exp_samples": [{"labels": "{}", "value": 40}]}
    assert evaluate([{"interval": FAST, "input_series": series(many), "promql_expr_test": [forty]}]) == ""


def expressions() -> Sequence[str]:
    return [rule.expression for rule in RULES]


def test_every_figure_of_ours_is_one_that_the_exporter_has(server: Server, admin: Connection) -> None:
    families = TenantCollector(server.session, 3).collect()
    exported = {name for family in families for name in (family.name, f"{family.name}_total")}
    recorded = {rule.name for rule in RULES if isinstance(rule, Recording)}
    named = {name for text in expressions() for name in re.findall(r"\btenant(?:ry)?_[a-z0-9_]+", text)}
    assert len(named) > 12
    assert named <= exported
    assert {name for text in expressions() for name in re.findall(r"\btenant(?:ry)?:[a-z0-9_:]+", text)} <= recorded


def test_a_tenant_is_told_with_its_plan_wherever_that_is_known() -> None:
    alert_of = {case.name for case in CASES if case.labels == WHO}
    assert alert_of == {alert.name for alert in ALERTS if alert.name.startswith("Tenant")}
