"""Routes as amtool and a real Alertmanager have them: by severity, and none of tenants while all are down."""

import json
import threading
import time
import urllib.request
from collections.abc import Generator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tenantry.watch.alerts.catalogue import ALERTS
from tenantry.watch.alerts.model import Severity
from tenantry.watch.alerts.routing import INHIBITIONS, alertmanager_config, alertmanager_file
from tests.support.monitoring.alertmanager import Alertmanager, alertmanager, amtool

PATIENCE_S = 60


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.yaml"
    path.write_text(json.dumps(alertmanager_file(str(tmp_path))))
    return path


def test_an_alertmanager_takes_the_file(file: Path) -> None:
    said = amtool("check-config", str(file))
    assert "2 inhibit rules" in said
    assert "3 receivers" in said


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("who", [["tenant=k001"], []], ids=["of a tenant", "of all"])
def test_each_severity_has_its_receiver(file: Path, severity: Severity, who: list[str]) -> None:
    given = ["alertname=X", f"severity={severity}", *who]
    assert amtool("config", "routes", "test", f"--config.file={file}", *given) == str(severity)


def test_an_alert_that_nobody_has_thought_of_wakes_somebody(file: Path) -> None:
    assert amtool("config", "routes", "test", f"--config.file={file}", "alertname=X") == "critical"


def test_what_silences_is_in_the_table_and_of_no_tenant() -> None:
    named = {name for inhibition in INHIBITIONS for name in inhibition.sources}
    assert {alert.name for alert in ALERTS if alert.name in named and "tenant)" not in alert.expression} == named


def test_the_operator_is_told_the_same() -> None:
    """Its words for the file's, one by one."""
    ours, theirs = alertmanager_file(), alertmanager_config()
    words = {"group_by": "groupBy", "group_wait": "groupWait", "group_interval": "groupInterval",
             "repeat_interval": "repeatInterval"}  # fmt: skip

    def matcher(one: dict[str, str]) -> str:
        return f"{one['name']}{one['matchType']}{json.dumps(one['value'])}"

    def route(one: dict[str, Any]) -> dict[str, Any]:
        renamed = {old: one[new] for old, new in words.items() if new in one}
        told = renamed | {"receiver": one["receiver"]}
        return told | ({"matchers": [*map(matcher, one["matchers"])]} if "matchers" in one else {})

    assert [*map(route, theirs["route"]["routes"])] == ours["route"]["routes"]
    assert route(theirs["route"]) == {key: value for key, value in ours["route"].items() if key != "routes"}
    assert [
        {
            "source_matchers": [*map(matcher, rule["sourceMatch"])],
            "target_matchers": [*map(matcher, rule["targetMatch"])],
            "equal": rule["equal"],
        }
        for rule in theirs["inhibitRules"]
    ] == ours["inhibit_rules"]
    assert [told["name"] for told in theirs["receivers"]] == [told["name"] for told in ours["receivers"]]


class _Webhook(BaseHTTPRequestHandler):
    """The end of a route: (receiver, alert, tenant, state) of each alert that has come."""

    told: ClassVar[list[tuple[str, str, str, str]]] = []

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in message["alerts"]:
            labels = alert["labels"]
            self.told.append((message["receiver"], labels["alertname"], labels.get("tenant", ""), alert["status"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def running(tmp_path: Path) -> Generator[Alertmanager]:
    """Our file, but without its waits."""
    _Webhook.told.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Webhook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for severity in Severity:
            (tmp_path / severity).write_text(f"http://127.0.0.1:{server.server_address[1]}/{severity}")
        config = alertmanager_file(str(tmp_path))
        for route in config["route"]["routes"]:
            route |= {"group_wait": "1s", "group_interval": "1s"}
        with alertmanager(tmp_path, config) as at:
            yield at
        server.shutdown()


def post(at: Alertmanager, *alerts: dict[str, str], ends: bool = False) -> None:
    now = datetime.now(UTC).isoformat()
    body = [{"labels": labels, **({"endsAt": now} if ends else {})} for labels in alerts]
    request = urllib.request.Request(
        f"http://{at.target}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def until(told: set[tuple[str, str, str, str]]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not told <= set(_Webhook.told):
        assert time.monotonic() < deadline, _Webhook.told
        time.sleep(0.1)


def test_a_database_server_that_is_down_silences_its_tenants_and_nobody_else(running: Alertmanager) -> None:
    down = {"alertname": "DatabaseServerDown", "severity": "critical"}
    blind = {"alertname": "MetricsMissing", "severity": "critical"}
    tenant = {"alertname": "TenantErrorRateHigh", "severity": "critical", "tenant": "k001"}
    drift = {"alertname": "DriftFound", "severity": "warning"}
    elsewhere = {"alertname": "TenantErrorRateHigh", "severity": "critical", "tenant": "k002", "cluster": "other"}
    post(running, down)
    until({("critical", "DatabaseServerDown", "", "firing")})
    post(running, tenant, blind, drift, elsewhere)
    until({("warning", "DriftFound", "", "firing"), ("critical", "TenantErrorRateHigh", "k002", "firing")})
    assert running.alerts() == {
        ("DatabaseServerDown", ""): "active",
        ("MetricsMissing", ""): "suppressed",
        ("TenantErrorRateHigh", "k001"): "suppressed",
        ("TenantErrorRateHigh", "k002"): "active",
        ("DriftFound", ""): "active",
    }
    assert not [
        line for line in _Webhook.told if line[1:3] in (("TenantErrorRateHigh", "k001"), ("MetricsMissing", ""))
    ]
    post(running, down, ends=True)  # it is back, and the tenant's trouble was its own
    until({("critical", "DatabaseServerDown", "", "resolved"), ("critical", "TenantErrorRateHigh", "k001", "firing")})
