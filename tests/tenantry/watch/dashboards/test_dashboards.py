"""The dashboards: the files are what the code makes, and Prometheus answers each of their queries."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tenantry.watch.alerts.catalogue import rules_document
from tenantry.watch.dashboards import NAMES, dashboard_json
from tenantry.watch.dashboards.content import BOARDS
from tenantry.watch.dashboards.generate import to_json
from tests.support.monitoring.promtool import promtool
from tests.tenantry.watch.alerts.cases import CPU, INFO, MEMORY

# Half an hour of one tenant in trouble, as its sources would have said it.
RECORDED: Mapping[str, str] = {
    INFO: "1x60",
    "tenantry_up": "1x60",
    'tenant_active_count{plan="standard"}': "1x60",
    'tenant_quota_usage{tenant="k001",quota="storage"}': "97x60",
    'tenant_quota_limit{tenant="k001",quota="storage"}': "100x60",
    'tenant_database_connections_active{tenant="k001"}': "50x60",
    'tenant_database_connections_limit{tenant="k001"}': "60x60",
    'tenant_database_size_bytes{tenant="k001"}': "9000000x60",
    'tenant_schema_version{tenant="k001"}': "3x60",
    "tenantry_schema_version_newest": "3x60",
    'tenant_backup_last_success_timestamp_seconds{tenant="k001"}': "0x60",
    'tenant_operations_total{command="up",result="ok"}': "0+1x60",
    'tenant_opening_step_seconds{tenant="k002",step="database",result="failed"}': "60+30x60",
    'tenantry_drift_findings{stack="prod",gravity="access"}': "2x60",
    'envoy_cluster_upstream_rq_xx{tenant="k001",envoy_response_code_class="2"}': "0+90x60",
    'envoy_cluster_upstream_rq_xx{tenant="k001",envoy_response_code_class="5"}': "0+10x60",
    'envoy_cluster_upstream_rq_time_bucket{tenant="k001",le="2000"}': "0+90x60",
    'envoy_cluster_upstream_rq_time_bucket{tenant="k001",le="+Inf"}': "0+100x60",
    'kube_deployment_spec_replicas{namespace="tenant-k001",deployment="business-app"}': "2x60",
    'kube_deployment_status_replicas_available{namespace="tenant-k001",deployment="business-app"}': "1x60",
    MEMORY: "950x60",
    CPU: "0+27x60",
    'kube_pod_container_resource_limits{namespace="tenant-k001",pod="p",container="business-app",resource="memory"}': "1000x60",
    'kube_pod_container_resource_limits{namespace="tenant-k001",pod="p",container="business-app",resource="cpu"}': "1x60",
}


def queries(name: str) -> list[str]:
    """The queries of the file, with the viewer's choices put in."""
    panels = json.loads(dashboard_json(name))["panels"]
    found = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [query.replace("$tenant", "k001").replace("$stack", "prod") for query in found]


@pytest.fixture
def answer(tmp_path: Path) -> Callable[..., str]:
    """The complaint of promtool on queries that must each have an answer."""

    def run(asked: list[str], given: Mapping[str, str] = RECORDED) -> str:
        (tmp_path / "rules.yaml").write_text(json.dumps(rules_document()))
        wanted = [
            {"eval_time": "30m", "expr": f"count({query}) > bool 0", "exp_samples": [{"labels": "{}", "value": 1}]}
            for query in asked
        ]
        series = [{"series": name, "values": values} for name, values in given.items()]
        test = {"interval": "30s", "input_series": series, "promql_expr_test": wanted}
        document = {"rule_files": ["rules.yaml"], "evaluation_interval": "30s", "tests": [test]}
        (tmp_path / "tests.yaml").write_text(json.dumps(document))
        return promtool("test", "rules", "tests.yaml", folder=tmp_path)

    return run


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_file_is_what_the_code_makes(board: Any) -> None:
    assert dashboard_json(board.name) == to_json(board), "run `python -m tenantry.watch.dashboards.generate`"


def test_there_is_a_file_for_each_and_no_other() -> None:
    assert tuple(board.name for board in BOARDS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_prometheus_answers_every_query(answer: Callable[..., str], name: str) -> None:
    asked = queries(name)
    assert len(asked) > 8
    assert answer(asked) == ""


def test_a_query_without_an_answer_would_be_seen(answer: Callable[..., str]) -> None:
    assert "tenant:no_such_figure" in answer(["tenant:no_such_figure"])
    assert answer(['tenant:info{tenant="k001"'])


@pytest.mark.parametrize("name", NAMES)
def test_a_file_names_no_address_and_each_panel_once(name: str) -> None:
    document = json.loads(dashboard_json(name))
    assert "http" not in dashboard_json(name)
    numbers = [panel["id"] for panel in document["panels"]]
    assert len(set(numbers)) == len(numbers)
    sources = {panel["datasource"]["uid"] for panel in document["panels"] if panel["type"] != "row"}
    assert sources == {"${source}"}
    assert document["uid"] == f"tenantry-{name}"
