"""The platform's objects for Prometheus, declared only where the cluster has its operator."""

from dataclasses import replace
from typing import Any

import pytest

from components.monitoring.exporter import ExporterProgram
from components.monitoring.monitoring import MonitoringInputs
from tenantry.names import EXPORTER, EXPORTER_LOGIN
from tenantry.watch.alerts.catalogue import rules_document
from tenantry.watch.alerts.routing import alertmanager_config
from tenantry.watch.dashboards import NAMES, dashboard_json
from tenantry.watch.read_columns import READ_COLUMNS

PROGRAM = ExporterProgram(
    image="registry.example.com/tenantry:1",
    arguments=("exporter", "--stack", "test"),
    plain={"PGHOST": "10.0.0.5", "PGUSER": EXPORTER_LOGIN},
    database_ports=frozenset({5432}),
)
SETTINGS = MonitoringInputs("monitoring", "https://forge.test/runbooks", PROGRAM)
LABELS = {"app.kubernetes.io/managed-by": "tenantry", "app.kubernetes.io/name": EXPORTER}


@pytest.fixture
def monitored(platform):
    return platform(monitoring=SETTINGS)


def monitor(monitored: Any, name: str) -> Any:
    (found,) = [made for made in monitored.of("ServiceMonitor") if made.inputs["metadata"]["name"] == name]
    return found.inputs["spec"]


def test_one_object_holds_the_rules_of_all_tenants(monitored) -> None:
    rule = monitored.one("PrometheusRule")
    assert rule.inputs["metadata"]["namespace"] == "tenantry-platform"
    given = rule.inputs["spec"]["groups"][0]["rules"]
    # The operator hands an AlertmanagerConfig alerts of its own namespace alone.
    assert {entry["labels"].pop("namespace") for entry in given if "alert" in entry} == {"tenantry-platform"}
    assert rule.inputs["spec"] == rules_document("https://forge.test/runbooks")
    assert rule.after == ("platform-namespace",)
    assert rule.provider == "kubernetes"


def test_who_is_told_stands_beside_the_rules(monitored) -> None:
    config = monitored.one("AlertmanagerConfig").inputs
    assert config["metadata"]["namespace"] == monitored.one("PrometheusRule").inputs["metadata"]["namespace"]
    assert config["spec"] == alertmanager_config()


def test_the_proxies_of_our_gateway_are_scraped_with_limits(monitored) -> None:
    spec = monitored.one("PodMonitor").inputs["spec"]
    assert spec["namespaceSelector"] == {"matchNames": ["envoy-gateway-system"]}
    assert set(spec["selector"]["matchLabels"].values()) == {"tenants", "tenantry-gateway"}
    assert (spec["sampleLimit"], spec["labelLimit"]) == (300_000, 20)
    assert len(spec["podMetricsEndpoints"]) == 1


@pytest.mark.parametrize("name", ["tenantry-exporter", "tenantry-kubernetes", "tenantry-database"])
def test_each_service_is_scraped_with_limits(monitored, name: str) -> None:
    spec = monitor(monitored, name)
    assert 0 < spec["sampleLimit"] <= 150_000
    assert spec["labelLimit"] == 20
    elsewhere = {} if name == EXPORTER else {"matchNames": ["monitoring"]}
    assert spec.get("namespaceSelector", {}) == elsewhere


def test_of_another_gateway_nothing_is_scraped(platform, installation) -> None:
    other = replace(installation, gateway=replace(installation.gateway, policies=False))
    assert not platform(monitoring=SETTINGS, installation=other).of("PodMonitor")


def test_without_an_operator_nothing_is_declared(platform) -> None:
    recording = platform()
    assert not [made for made in recording.resources if "monitoring.coreos.com" in made.type]
    assert not [made for made in recording.resources if {EXPORTER, EXPORTER_LOGIN} & {*str(made.inputs).split("'")}]


def test_each_dashboard_is_a_config_map_that_grafana_finds(monitored) -> None:
    maps = {name: resource.inputs for resource in monitored.of("ConfigMap") for name in resource.inputs["data"]}
    assert set(maps) == {f"tenantry-{name}.json" for name in NAMES}
    for name in NAMES:
        inputs = maps[f"tenantry-{name}.json"]
        assert inputs["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert inputs["data"] == {f"tenantry-{name}.json": dashboard_json(name)}


def test_the_exporters_login_reads_columns_and_is_a_member_of_nothing(monitored, secret_type) -> None:
    role = monitored.named(f"platform-admin-tenant-management-login-{EXPORTER_LOGIN}").inputs
    assert isinstance(role.pop("password"), secret_type)
    assert role == {"name": EXPORTER_LOGIN, "login": True, "roles": [], "connectionLimit": 5}
    rights = monitored.named("platform-admin-tenant-management-rights").inputs
    assert rights["readers"] == [EXPORTER_LOGIN]
    assert EXPORTER_LOGIN in rights["passwords"].value
    reads = monitored.one("ReadGrants")
    assert reads.inputs["columns"] == {table: list(columns) for table, columns in READ_COLUMNS.items()}
    assert (reads.inputs["database"], reads.inputs["login"]) == ("admin_tenant_management", EXPORTER_LOGIN)
    assert "platform-admin-tenant-management-migrations" in reads.after


def test_the_pod_gets_that_login_and_nothing_else(monitored, secret_type, reveal_all) -> None:
    deployment = monitored.one("Deployment")
    pod = deployment.inputs["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["command"] == [
        "tenantry", "exporter", "--stack", "test", "--host", "::", "--port", "9794",
    ]  # fmt: skip
    assert container["envFrom"] == [{"secretRef": {"name": EXPORTER}}]
    secret = monitored.named("platform-monitoring-exporter-secret").inputs
    assert isinstance(secret["data"], secret_type) or isinstance(secret["data"]["PGPASSWORD"], secret_type)
    assert list(reveal_all(secret["data"])) == ["PGPASSWORD"]
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == (EXPORTER, False)
    assert "platform-monitoring-exporter-networkpolicy" in deployment.after
    assert "platform-admin-tenant-management-reads-tenantry_exporter" in deployment.after
    assert monitored.one("Service").inputs["spec"]["selector"].items() <= LABELS.items()


def test_the_servers_certificate_is_checked_against_the_given_ones(platform) -> None:
    program = replace(PROGRAM, database_ca="-----BEGIN CERTIFICATE-----")
    recording = platform(monitoring=replace(SETTINGS, exporter=program))
    pod = recording.one("Deployment").inputs["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (told,) = [entry["value"] for entry in container["env"] if entry["name"] == "PGSSLROOTCERT"]
    mounted = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    folder, _, file = told.rpartition("/")
    assert {"name": mounted[folder], "configMap": {"name": EXPORTER}} in pod["volumes"]
    given = recording.named("platform-monitoring-exporter-configmap").inputs
    assert given["data"] == {file: "-----BEGIN CERTIFICATE-----"}


def test_prometheus_alone_gets_in_and_it_gets_to_names_and_the_server(monitored) -> None:
    spec = monitored.one("NetworkPolicy").inputs["spec"]
    assert spec["podSelector"]["matchLabels"].items() <= LABELS.items()
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    (way,) = spec["ingress"]
    by_name = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    assert way == {"from": [by_name], "ports": [{"protocol": "TCP", "port": 9794}]}
    _, server = spec["egress"]
    assert server == {"to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}], "ports": [{"protocol": "TCP", "port": 5432}]}


def test_changed_settings_start_it_anew(platform, monitored) -> None:
    def annotations(recording: Any) -> Any:
        return recording.one("Deployment").inputs["spec"]["template"]["metadata"]["annotations"]

    moved = replace(PROGRAM, plain={**PROGRAM.plain, "PGHOST": "10.0.0.6"})
    assert annotations(platform(monitoring=replace(SETTINGS, exporter=moved))) != annotations(monitored)
    assert annotations(platform(monitoring=SETTINGS)) == annotations(monitored)
