"""A real Prometheus scrapes the real exporter of a real admin database: alerts fire on what goes wrong there, and end."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from components.monitoring.scraping import DATABASE_RELABELINGS, KUBERNETES_RELABELINGS, RELABELINGS
from local.postgresql.temporary import TemporaryServer
from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Result, Run
from tenantry.engine.clients.postgresql import Server
from tenantry.names import ADMIN_DATABASE
from tenantry.watch.alerts.catalogue import ALERTS, rules_document
from tests.support.monitoring.prometheus import Prometheus, prometheus
from tests.tenantry.database.history.conftest import ORIGIN
from tests.tenantry.watch.conftest import SETTINGS, exporter_command

FRESH = "from tenantry.watch import metrics; metrics.KEPT_SECONDS = 0.0"  # no reading is used twice
LIMIT = 5  # connections of each tenant
HEALTHY = (
    "UPDATE tenants SET schema_version = 1000",  # whatever the newest is
    "INSERT INTO data_backup_records (tenant_code, backup_id, database_name, kind, location, status, completed_at)"
    " SELECT tenant_id, tenant_id, 'd', 'scheduled', 'l', 'completed', now() FROM tenants",
    "INSERT INTO tenant_user_statistics (tenant_id, total_users) SELECT tenant_id, 10 FROM tenants",
    "INSERT INTO system_config (config_key, config_value) VALUES ('tenantry.drift.prod',"
    " jsonb_build_object('at', to_jsonb(now()), 'findings', 0, 'worst', 'clean'))",
)
# (alert, tenant) -> what makes it fire, and what mends that.
TROUBLE = {
    ("TenantQuotaUsed", "k001"): (
        "UPDATE tenant_user_statistics SET total_users = 97 WHERE tenant_id = 'k001'",
        "UPDATE tenant_user_statistics SET total_users = 10",
    ),
    ("TenantBackupOld", "k002"): (
        "UPDATE data_backup_records SET completed_at = now() - interval '2 days' WHERE tenant_code = 'k002'",
        "UPDATE data_backup_records SET completed_at = now()",
    ),
    ("TenantOpeningStuck", "k003"): (
        "INSERT INTO tenant_init_progress (tenant_id, total_steps, status) VALUES ('k003', 8, 'in_progress');"
        " INSERT INTO tenant_init_steps (tenant_id, step_name, step_order, status, started_at)"
        " VALUES ('k003', 'database', 3, 'failed', now() - interval '1 hour')",
        "UPDATE tenant_init_progress SET status = 'completed'",
    ),
    ("TenantSchemaBehind", "k004"): (
        "UPDATE tenants SET schema_version = -1 WHERE tenant_id = 'k004'",
        "UPDATE tenants SET schema_version = 1000",
    ),
    ("TenantDeletionDue", "k005"): (
        "UPDATE tenants SET status = 'deleted', scheduled_deletion_at = now() + interval '3 days'"
        " WHERE tenant_id = 'k005'",
        "UPDATE tenants SET status = 'active', scheduled_deletion_at = NULL",
    ),
    ("DriftFound", ""): (
        'UPDATE system_config SET config_value = config_value || \'{"findings": 2, "worst": "access"}\''
        " WHERE config_key = 'tenantry.drift.prod'",
        'UPDATE system_config SET config_value = config_value || \'{"findings": 0, "worst": "clean"}\''
        " WHERE config_key = 'tenantry.drift.prod'",
    ),
}
HELD = ("TenantConnectionsNearLimit", "k006")


@pytest.fixture
def watched(
    server: Server, admin: Connection, people: Callable[..., None], tmp_path: Path
) -> Generator[tuple[Prometheus, "subprocess.Popen[str]"]]:
    """Seven healthy tenants, and a Prometheus that looks every five seconds at an exporter with its own login. No alert
    waits: promtool shows how long each does."""
    people(7, {**SETTINGS, "limits": {"databaseConnections": LIMIT}})
    for statement in HEALTHY:
        admin.execute(statement.encode())
    command = exporter_command(server.port, "--port", "0", before=FRESH)
    with subprocess.Popen(**command, stdout=subprocess.PIPE) as exporter:
        assert exporter.stdout is not None
        target = exporter.stdout.readline().split("//")[1].split("/")[0]
        rules = rules_document()
        for group in rules["groups"]:
            group["interval"] = "1s"
            for rule in group["rules"]:
                rule.pop("for", None)
        (tmp_path / "rules.yaml").write_text(json.dumps(rules))
        scrape = {"job_name": "tenantry-exporter", "static_configs": [{"targets": [target]}], "sample_limit": 150_000}
        config = {
            # A reading that takes longer than its interval counts as none: a busy machine gets the time.
            "global": {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "1s"},
            "rule_files": [str(tmp_path / "rules.yaml")],
            "scrape_configs": [scrape],
        }
        with prometheus(tmp_path, config) as at:
            yield at, exporter
        exporter.terminate()
    admin.execute("DELETE FROM system_config WHERE config_key = 'tenantry.drift.prod'")


def test_alerts_fire_on_what_goes_wrong_and_end(
    watched: tuple[Prometheus, "subprocess.Popen[str]"], running: TemporaryServer, server: Server, admin: Connection
) -> None:
    at, exporter = watched
    at.wait(lambda: bool(at.ask("query", query='tenant:info{tenant="k007"}')["result"]))
    at.wait(lambda: not at.firing())

    expected = {*TROUBLE, HELD, ("StackLockedTooLong", ""), ("OperationsFail", "")}
    for breaks, _ in TROUBLE.values():
        admin.execute(breaks.encode())
    with ExitStack() as held:
        admin.execute(b"CREATE DATABASE rent006")
        for _ in range(LIMIT):
            held.enter_context(running.connect("rent006"))
        Journal(Run("migrate", "prod", ORIGIN), server.session, print).end(Result.OK)
        at.wait(lambda: bool(at.ask("query", query='tenant_operations_total{result="failed"}')["result"]))
        Journal(Run("migrate", "prod", ORIGIN), server.session, print).end(Result.FAILED)
        long_ago = datetime.now(UTC) - timedelta(hours=2)
        locked = Journal(Run("up", "prod", ORIGIN, started_at=long_ago), server.session, print)
        locked.begin()
        at.wait(lambda: at.firing() == expected)
    locked.end(Result.OK)
    admin.execute(b"DROP DATABASE rent006 WITH (FORCE)")
    for _, mends in TROUBLE.values():
        admin.execute(mends.encode())
    at.wait(lambda: not at.firing() - {("OperationsFail", "")})  # that one looks back for an hour

    with running.connect() as session:  # from there nobody is let in to the admin database any more
        session.execute(f"ALTER DATABASE {ADMIN_DATABASE} ALLOW_CONNECTIONS false".encode())
        at.wait(lambda: ("DatabaseServerDown", "") in at.firing())
        session.execute(f"ALTER DATABASE {ADMIN_DATABASE} ALLOW_CONNECTIONS true".encode())
        at.wait(lambda: not at.firing() - {("OperationsFail", "")})

    exporter.terminate()
    at.wait(lambda: ("MetricsMissing", "") in at.firing())


def test_what_is_tried_here_is_every_alert_of_our_own_figures() -> None:
    own = {alert.name for alert in ALERTS if "tenant_" in alert.expression or "tenant:quota" in alert.expression}
    own |= {
        alert.name
        for alert in ALERTS
        if any(part in alert.expression for part in ("tenantry_drift_findings", "tenantry_up", "absent"))
    }
    tried = {name for name, _ in TROUBLE} | {HELD[0], "StackLockedTooLong", "OperationsFail", "MetricsMissing"}
    tried |= {"DatabaseServerDown"}
    assert own <= tried


ENVOY = """\
envoy_cluster_upstream_rq_xx{envoy_cluster_name="httproute/tenant-k001/business-app/rule/0",envoy_response_code_class="5"} 7
envoy_cluster_upstream_rq_xx{envoy_cluster_name="httproute/tenant-k001/plugin-enrollment/rule/0",envoy_response_code_class="5"} 2
envoy_cluster_upstream_rq_xx{envoy_cluster_name="httproute/tenantry-platform/admin/rule/0",envoy_response_code_class="5"} 3
envoy_cluster_upstream_rq_xx{envoy_cluster_name="httproute/tenant-k0011x/a/rule/0",envoy_response_code_class="5"} 4
envoy_cluster_upstream_cx_total{envoy_cluster_name="httproute/tenant-k001/business-app/rule/0"} 9
"""


KUBERNETES = """\
kube_deployment_spec_replicas{namespace="tenant-k001",deployment="business-app"} 2
kube_deployment_spec_replicas{namespace="tenant-k0011x",deployment="business-app"} 3
kube_deployment_spec_replicas{namespace="kube-system",deployment="coredns"} 4
kube_pod_info{namespace="tenant-k001",pod="a"} 1
"""
DATABASE = """\
pg_up 1
pg_stat_database_numbackends{datname="rent001"} 9
pg_stat_database_numbackends{datname="rent001_before_7"} 2
pg_stat_database_numbackends{datname="postgres"} 3
pg_stat_database_blks_hit{datname="rent001"} 8
"""
# What is exported, the relabelings of our monitor, and what is kept of it: name, tenant, sum.
EXPORTED = {
    "the gateway's proxies": (ENVOY, RELABELINGS, [("envoy_cluster_upstream_rq_xx", "k001", "9")]),
    "kube-state-metrics": (KUBERNETES, KUBERNETES_RELABELINGS, [("kube_deployment_spec_replicas", "k001", "2")]),
    "postgres_exporter": (
        DATABASE,
        DATABASE_RELABELINGS,
        [
            ("pg_stat_database_numbackends", "", "5"),
            ("pg_stat_database_numbackends", "k001", "9"),
            ("pg_up", "", "1"),
        ],
    ),
}


def saying(text: str) -> type[BaseHTTPRequestHandler]:
    """The handler of a server that exports this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    return Handler


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


@pytest.mark.parametrize(("text", "given", "kept"), EXPORTED.values(), ids=EXPORTED)
def test_what_others_export_becomes_a_tenants(tmp_path: Path, text: str, given: Any, kept: Any) -> None:
    relabelings = [{snake(key): value for key, value in rule.items()} for rule in given]
    with ThreadingHTTPServer(("127.0.0.1", 0), saying(text)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        target = {"targets": [f"127.0.0.1:{server.server_address[1]}"]}
        scrape = {"job_name": "other", "static_configs": [target], "metric_relabel_configs": relabelings}
        with prometheus(tmp_path, {"global": {"scrape_interval": "5s"}, "scrape_configs": [scrape]}) as at:
            query = 'sum by (__name__, tenant) ({job="other", __name__=~"envoy.*|kube.*|pg.*"})'
            at.wait(lambda: bool(at.ask("query", query=query)["result"]))
            found = at.ask("query", query=query)["result"]
        server.shutdown()
    told = [(sample["metric"]["__name__"], sample["metric"].get("tenant", ""), sample["value"][1]) for sample in found]
    assert sorted(told) == kept
