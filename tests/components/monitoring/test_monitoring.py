"""The platform's objects for Prometheus, declared only where the cluster has its operator."""

from dataclasses import replace

import pytest

from tenantry.watch.alerts.catalogue import rules_document
from tenantry.watch.dashboards import NAMES, dashboard_json


@pytest.fixture
def monitored(platform):
    return platform(runbooks="https://forge.test/runbooks")


def test_one_object_holds_the_rules_of_all_tenants(monitored) -> None:
    rule = monitored.one("PrometheusRule")
    assert rule.inputs["metadata"]["namespace"] == "tenantry-platform"
    assert rule.inputs["spec"] == rules_document("https://forge.test/runbooks")
    assert rule.after == ("platform-namespace",)
    assert rule.provider == "kubernetes"


def test_the_proxies_of_our_gateway_are_scraped_with_limits(monitored) -> None:
    spec = monitored.one("PodMonitor").inputs["spec"]
    assert spec["namespaceSelector"] == {"matchNames": ["envoy-gateway-system"]}
    assert set(spec["selector"]["matchLabels"].values()) == {"tenants", "tenantry-gateway"}
    assert (spec["sampleLimit"], spec["labelLimit"]) == (300_000, 20)
    assert len(spec["podMetricsEndpoints"]) == 1


def test_of_another_gateway_nothing_is_scraped(platform, installation) -> None:
    other = replace(installation, gateway=replace(installation.gateway, policies=False))
    assert not platform(runbooks="x", installation=other).of("PodMonitor")


def test_without_an_operator_nothing_is_declared(platform) -> None:
    assert not [resource for resource in platform().resources if "monitoring.coreos.com" in resource.type]


def test_each_dashboard_is_a_config_map_that_grafana_finds(monitored) -> None:
    maps = {name: resource.inputs for resource in monitored.of("ConfigMap") for name in resource.inputs["data"]}
    assert set(maps) == {f"tenantry-{name}.json" for name in NAMES}
    for name in NAMES:
        inputs = maps[f"tenantry-{name}.json"]
        assert inputs["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert inputs["data"] == {f"tenantry-{name}.json": dashboard_json(name)}
