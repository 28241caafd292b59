"""Limits at the gateway, and how many containers run: by plan, by the hour, and by whether anybody comes."""

import re
from dataclasses import replace

import pytest

from components.monitoring.scraping import gateway_monitor
from components.shared.installation import Scaling
from components.tenant import Tenant, TenantArgs
from tenantry.spec.quantity import bytes_of

KEDA = Scaling(keda=True, prometheus="http://prometheus:9090")
HOURS = {"awake": {"from": "10:30", "to": "19:00"}}


@pytest.fixture
def at(record, installation, make_providers):
    """The parts of a tenant in an installation with something changed."""
    from components.shared.installation import PlatformDependencies

    def run(resolved, **changes):
        def program() -> None:
            place = replace(installation, **changes)
            Tenant(resolved.code, TenantArgs(resolved, place, make_providers(), PlatformDependencies(), True))

        return record(program)

    return run


def test_a_tenant_without_web_sockets_has_one_limit_for_all(parts, tenant) -> None:
    resolved = tenant(plan="basic")
    spec = parts(resolved).one("BackendTrafficPolicy").inputs["spec"]
    assert spec == {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "business-app"}],
        "rateLimit": {"type": "Local", "local": {"rules": [{"limit": {"requests": 600, "unit": "Minute"}}]}},
        "requestBuffer": {"limit": str(bytes_of(resolved.plan.body_size))},
    }


def test_web_sockets_are_limited_and_not_buffered(parts, tenant) -> None:
    recording = parts(tenant(plan="standard"))
    limits = {
        resource.inputs["spec"]["targetRefs"][0]["sectionName"]: resource.inputs["spec"]
        for resource in recording.of("BackendTrafficPolicy")
    }
    rules = {rule["name"]: rule for rule in recording.one("HTTPRoute").inputs["spec"]["rules"]}
    assert limits.keys() == rules.keys() == {"app", "realtime"}
    assert "requestBuffer" in limits["app"]
    assert "requestBuffer" not in limits["realtime"]
    assert "timeouts" not in rules["realtime"]
    assert limits["app"]["rateLimit"] == limits["realtime"]["rateLimit"]
    for resource in recording.of("BackendTrafficPolicy"):
        assert resource.name in recording.one("HTTPRoute").after


def test_a_shared_limit_is_counted_together(at, tenant, installation) -> None:
    shared = replace(installation.gateway, shared_limits=True)
    spec = at(tenant(plan="basic"), gateway=shared).one("BackendTrafficPolicy").inputs["spec"]
    assert spec["rateLimit"]["type"] == "Global"
    assert spec["rateLimit"]["global"]["rules"][0]["limit"]["requests"] == 600


def test_another_gateway_has_no_such_policies(at, tenant, installation) -> None:
    other = replace(installation.gateway, policies=False)
    assert not at(tenant(enabled_services=["posters"]), gateway=other).of("BackendTrafficPolicy")


@pytest.mark.parametrize(("plan", "least", "most"), [("premium", 1, 2), ("enterprise", 2, 3)])
def test_a_plan_that_scales_leaves_replicas_to_the_autoscaler(parts, tenant, plan: str, least: int, most: int) -> None:
    recording = parts(tenant(plan=plan))
    spec = recording.one("HorizontalPodAutoscaler").inputs["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (least, most)
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "business-app"}
    assert "replicas" not in recording.one("Deployment").inputs["spec"]


@pytest.mark.parametrize("changes", [{"hibernated": True}, {"status": "suspended"}])
def test_asleep_it_declares_none_and_the_autoscaler_rests(parts, tenant, changes) -> None:
    recording = parts(tenant(plan="enterprise", **changes))
    assert recording.one("Deployment").inputs["spec"]["replicas"] == 0
    assert (
        recording.one("HorizontalPodAutoscaler").inputs
        == parts(tenant(plan="enterprise")).one("HorizontalPodAutoscaler").inputs
    )


@pytest.mark.parametrize("plan", ["basic", "standard"])
def test_a_plan_of_one_replica_has_no_autoscaler(parts, tenant, plan: str) -> None:
    recording = parts(tenant(plan=plan))
    assert not recording.of("HorizontalPodAutoscaler")
    assert recording.one("Deployment").inputs["spec"]["replicas"] == 1


def test_a_smaller_plan_keeps_the_autoscaler_and_takes_its_choice_before_the_rest(parts, tenant) -> None:
    """It goes at the end of a run only: until then it would set the larger plan's least again, and nobody sees it."""
    recording = parts(replace(tenant(plan="standard"), scaled=True))
    scaler, deployment = recording.one("HorizontalPodAutoscaler"), recording.one("Deployment")
    assert (scaler.inputs["spec"]["minReplicas"], scaler.inputs["spec"]["maxReplicas"]) == (1, 1)
    assert deployment.inputs["spec"]["replicas"] == 1
    assert scaler.name in recording.all_before(deployment.name)
    larger = parts(tenant(plan="enterprise"))
    assert "k001-app-deployment" in larger.all_before("k001-app-horizontalpodautoscaler")


def test_an_autoscaler_that_is_there_does_not_keep_keda_out(parts, tenant) -> None:
    """KEDA refuses its ScaledObject beside one without this mark."""
    metadata = parts(tenant(plan="premium")).one("HorizontalPodAutoscaler").inputs["metadata"]
    assert metadata["annotations"] == {"validations.keda.sh/hpa-ownership": "false"}


def test_one_that_no_longer_sleeps_is_woken_by_keda(at, tenant) -> None:
    recording = at(replace(tenant(plan="basic", sleep={"idle_minutes": 0}), scaled=True), scaling=KEDA)
    spec = recording.one("ScaledObject").inputs["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 1)
    assert [trigger["type"] for trigger in spec["triggers"]] == ["cpu"]
    assert "idleReplicaCount" not in spec
    deployment = recording.one("Deployment")
    assert deployment.inputs["spec"]["replicas"] == 1
    assert recording.one("ScaledObject").name in recording.all_before(deployment.name)


def test_hours_count_for_nothing_without_keda(at, tenant) -> None:
    assert at(tenant(plan="basic", sleep=HOURS)).one("Deployment").inputs["spec"]["replicas"] == 1


#       plan, sleep -> least asleep and awake, triggers (None: nothing scales it)
SLEEP = [
    ("basic", None, (0, 1), ["prometheus"]),
    ("basic", HOURS, (0, 1), ["cron", "prometheus"]),
    ("basic", {"idle_minutes": 0}, None, None),
    ("basic", {"idle_minutes": 0, **HOURS}, (0, 1), ["cron"]),
    ("premium", None, (None, 1), ["cpu"]),
    ("premium", {"idle_minutes": 30}, (0, 1), ["prometheus", "cpu"]),
    ("enterprise", HOURS, (0, 2), ["cron", "cpu"]),
]


@pytest.mark.parametrize(("plan", "sleep", "least", "triggers"), SLEEP)
def test_where_there_is_keda_it_sleeps_by_the_hour_and_when_idle(at, tenant, plan, sleep, least, triggers) -> None:
    recording = at(tenant(plan=plan, **({"sleep": sleep} if sleep else {})), scaling=KEDA)
    assert not recording.of("HorizontalPodAutoscaler"), "KEDA makes it itself, two would fight"
    if triggers is None:
        assert not recording.of("ScaledObject")
        assert recording.one("Deployment").inputs["spec"]["replicas"] == 1
        return
    spec = recording.one("ScaledObject").inputs["spec"]
    assert (spec.get("idleReplicaCount"), spec["minReplicaCount"]) == least
    assert [trigger["type"] for trigger in spec["triggers"]] == triggers
    assert "replicas" not in recording.one("Deployment").inputs["spec"]


def test_the_hours_and_the_idle_time_are_the_tenants(at, tenant) -> None:
    spec = (
        at(tenant(plan="basic", sleep={"idle_minutes": 20, **HOURS}), scaling=KEDA).one("ScaledObject").inputs["spec"]
    )
    assert spec["cooldownPeriod"] == 20 * 60
    cron, traffic = (trigger["metadata"] for trigger in spec["triggers"])
    assert cron == {"timezone": "Asia/Shanghai", "start": "30 10 * * *", "end": "0 19 * * *", "desiredReplicas": "1"}
    assert 'httproute/tenant-k001/.*"' in traffic["query"]
    assert all(isinstance(value, str) for value in (*cron.values(), *traffic.values()))


def test_what_wakes_is_counted_by_the_gateway_while_no_pod_runs_and_scraped(at, tenant, installation) -> None:
    """Envoy Gateway answers by itself, and counts nothing, where a Service has no endpoint."""
    asleep = at(tenant(plan="standard", sleep={"idle_minutes": 20}), scaling=KEDA)
    types = [limit.inputs["spec"].get("routingType") for limit in asleep.of("BackendTrafficPolicy")]
    assert types == ["Service", "Service"]
    awake = at(tenant(plan="standard", sleep={"idle_minutes": 0, **HOURS}), scaling=KEDA)
    assert all("routingType" not in limit.inputs["spec"] for limit in awake.of("BackendTrafficPolicy"))
    (trigger,) = [entry for entry in asleep.one("ScaledObject").inputs["spec"]["triggers"] if entry["type"] != "cpu"]
    asked = re.findall(r'__name__=~"([^"]+)"', trigger["metadata"]["query"])[0].split("|")
    (endpoint,) = gateway_monitor(installation.gateway)["spec"]["podMetricsEndpoints"]
    kept = endpoint["metricRelabelings"][0]["regex"].split("|")
    assert len(asked) == 2
    assert set(asked) <= set(kept)


def test_without_keda_nobody_is_woken_and_pods_are_found_by_themselves(at, tenant) -> None:
    place = Scaling(keda=False, prometheus=KEDA.prometheus)
    limits = at(tenant(plan="standard", sleep={"idle_minutes": 20}), scaling=place).of("BackendTrafficPolicy")
    assert limits
    assert all("routingType" not in limit.inputs["spec"] for limit in limits)


def test_without_prometheus_nobody_sleeps_for_being_idle(at, tenant) -> None:
    assert not at(tenant(plan="basic"), scaling=Scaling(keda=True)).of("ScaledObject")


def test_a_hibernated_tenants_scaled_object_pauses(at, tenant) -> None:
    recording = at(tenant(plan="basic", hibernated=True), scaling=KEDA)
    assert recording.one("ScaledObject").inputs["metadata"]["annotations"] == {
        "autoscaling.keda.sh/paused-replicas": "0"
    }
    assert recording.one("Deployment").inputs["spec"]["replicas"] == 0
