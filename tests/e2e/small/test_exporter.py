"""The exporter as it is deployed: its process with the variables and the Secret of its pod, and a real Prometheus with the
rules of the cluster. Alerts fire on what a tenant really does, and end.

The pods of the embedded default run no program: that is why the process runs here.
"""

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from local.instances.throwaway import World
from tests.support.monitoring.prometheus import Prometheus, prometheus

NAME, SPACE = "tenantry-exporter", "tenantry-platform"
TENANT = "tenant-k001"
CONNECTIONS = ("TenantConnectionsNearLimit", "k001")
QUOTA = ("TenantQuotaUsed", "k001")
DRIFT = ("DriftFound", "")
TRIED = {CONNECTIONS, QUOTA, DRIFT}
FRESH = "from tenantry.watch import metrics; metrics.KEPT_SECONDS = 0.0; from tenantry.cli.app import main; main()"


def environment(world: World) -> dict[str, str]:
    """The variables of the pod: those of its container, and what its Secret holds."""
    pod = world.kubectl("get", "deployment", NAME, "-n", SPACE)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    secret = world.kubectl("get", "secret", container["envFrom"][0]["secretRef"]["name"], "-n", SPACE)
    held = {key: b64decode(value).decode() for key, value in secret["data"].items()}
    told = {entry["name"]: entry["value"] for entry in container["env"]}
    # The file `.local/env` of this checkout is not in the image: its administrator is not to be taken.
    return {"PATH": world.env["PATH"], "TENANTRY_LOCAL": str(world.folder / ".local"), **told, **held}


@pytest.fixture(scope="module")
def watched(world: World, life: Any, tmp_path_factory: pytest.TempPathFactory) -> Generator[Prometheus]:
    folder: Path = tmp_path_factory.mktemp("prometheus")
    command = [sys.executable, "-c", FRESH, "exporter", "--stack", "local", "--host", "127.0.0.1", "--port", "0"]
    options: Any = {"cwd": world.folder, "env": environment(world), "text": True}
    with subprocess.Popen(command, **options, stdout=subprocess.PIPE) as exporter:
        assert exporter.stdout is not None
        target = exporter.stdout.readline().split("//")[1].split("/")[0]
        rules = world.kubectl("get", "prometheusrule", "tenantry", "-n", SPACE)["spec"]
        for group in rules["groups"]:
            group["interval"] = "1s"
            for rule in group["rules"]:
                rule.pop("for", None)  # promtool shows how long each waits
        (folder / "rules.yaml").write_text(json.dumps(rules))
        spec = world.kubectl("get", "servicemonitor", NAME, "-n", SPACE)["spec"]
        scrape = {
            "job_name": NAME,
            "static_configs": [{"targets": [target]}],
            "sample_limit": spec["sampleLimit"],
            "label_limit": spec["labelLimit"],
            "metrics_path": spec["endpoints"][0]["path"],
        }
        config = {
            "global": {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "1s"},
            "rule_files": [str(folder / "rules.yaml")],
            "scrape_configs": [scrape],
        }
        with prometheus(folder, config) as at:
            yield at
        exporter.terminate()


def test_it_is_deployed_and_stands_behind_its_wall(world: World, life: Any) -> None:
    found = world.kubectl("get", "deployment", NAME, "-n", SPACE)
    assert found["status"]["availableReplicas"] == 1
    kinds = ("networkpolicy", "servicemonitor", "service", "serviceaccount", "secret")
    assert [world.kubectl("get", kind, NAME, "-n", SPACE)["metadata"]["name"] for kind in kinds] == [NAME] * len(kinds)
    config = world.kubectl("get", "alertmanagerconfig", "tenantry", "-n", SPACE)["spec"]
    assert len(config["inhibitRules"]) == 2
    monitors = world.kubectl("get", "servicemonitors", "-n", SPACE)["items"]
    assert all(monitor["spec"]["sampleLimit"] and monitor["spec"]["labelLimit"] for monitor in monitors)
    assert len(monitors) == 3


def test_verify_holds_it(world: World, life: Any) -> None:
    """Exit code 0: everything was held, also while the login takes no more than a few connections."""
    done = world.run("tenantry", "verify", "--stack", "local", "-o", "database.exporter", "-o", "network.exporter")
    assert "database.exporter" in done.stdout


def test_all_tenants_are_scraped_by_the_login_of_the_pod(world: World, life: Any, watched: Prometheus) -> None:
    watched.wait(lambda: bool(watched.ask("query", query="tenant:info")["result"]))
    scraped = watched.ask("query", query="tenant:info")["result"]
    assert {sample["metric"]["tenant"] for sample in scraped} >= {"k001", "k002"}
    changed = watched.ask("query", query='tenant_credentials_changed_timestamp_seconds{tenant="k001"}')["result"]
    assert len(changed) == 1  # its opening made them, and the history tells
    with world.connect() as session:
        who = session.execute("SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'tenantry'")
        assert ("tenantry",) not in who.fetchall()


def test_alerts_fire_on_what_a_tenant_does_and_end(world: World, life: Any, watched: Prometheus) -> None:
    """It holds its connections and fills a quota; somebody widens its walls."""
    watched.wait(lambda: not watched.firing() & TRIED)
    with world.connect("rent001") as session:
        limit = session.execute("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'rent001_a'").fetchone()
    assert limit
    secret = world.kubectl("get", "secret", "business-app", "-n", TENANT)["data"]
    user, password = (b64decode(secret[key]).decode() for key in ("DB_USER", "DB_PASSWORD"))
    with world.connect("admin_tenant_management") as session:
        users = session.execute("SELECT max_users FROM tenants WHERE tenant_id = 'k001'").fetchone()
    assert users
    with world.connect("rent001") as session:
        session.execute(
            "INSERT INTO users (username, password_hash, real_name) SELECT 'many' || n, 'x', 'x'"
            " FROM generate_series(1, %s) AS n",
            [users[0]],
        )
    world.run("kubectl", "annotate", "namespace", TENANT, "pod-security.kubernetes.io/x=y")
    world.run("kubectl", "label", "namespace", TENANT, "--overwrite", "pod-security.kubernetes.io/enforce=baseline")
    with ExitStack() as held:
        for _ in range(limit[0] * 9 // 10):
            held.enter_context(world.connect("rent001", user, password))
        watched.wait(lambda: CONNECTIONS in watched.firing())
    watched.wait(lambda: CONNECTIONS not in watched.firing())
    world.run("tenantry", "usage", "--measure", "--record", "--stack", "local")
    world.run("tenantry", "drift", "--stack", "local", ok=None)
    watched.wait(lambda: watched.firing() >= {QUOTA, DRIFT})

    with world.connect("rent001") as session:
        session.execute("DELETE FROM users WHERE username LIKE 'many%'")
    world.run("kubectl", "annotate", "namespace", TENANT, "pod-security.kubernetes.io/x-")
    world.run("kubectl", "label", "namespace", TENANT, "--overwrite", "pod-security.kubernetes.io/enforce=restricted")
    world.run("tenantry", "usage", "--measure", "--record", "--stack", "local")
    world.run("tenantry", "drift", "--repair", "--stack", "local")  # also what the administrator filled it with
    world.run("tenantry", "drift", "--stack", "local")
    watched.wait(lambda: not watched.firing() & TRIED)
    with world.connect("admin_tenant_management") as session:
        billed = session.execute(
            "SELECT item, amount FROM billing_records WHERE tenant_id = 'k001' AND period_start = current_date"
        ).fetchall()
    assert sorted(billed) == [("databases", None), ("storage", None), ("users", None)]
