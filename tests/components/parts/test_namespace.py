"""The walls of a tenant's namespace, and that they stand before anything is inside."""

from itertools import permutations

import pytest

from components.manifests import quotas
from tenantry.spec.quantity import bytes_of, millicores_of

PLANS = ("basic", "standard", "premium", "enterprise")
MODES = ("enforce", "audit", "warn")


def test_the_namespace_admits_restricted_pods_only(parts, tenant) -> None:
    labels = parts(tenant()).one("Namespace").inputs["metadata"]["labels"]
    for mode in MODES:
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_the_account_that_pods_get_by_default_hands_them_no_token(parts, tenant) -> None:
    account = parts(tenant()).named("k001-ns-serviceaccount-default").inputs
    assert (account["metadata"]["name"], account["automountServiceAccountToken"]) == ("default", False)
    # Official plugins refuse to make an object that is there; this one the control plane makes.
    assert parts(tenant()).named("k001-ns-serviceaccount-default").type == "kubernetes:core/v1:ServiceAccountPatch"


def test_nothing_is_allowed_that_is_not_named(parts, tenant) -> None:
    spec = parts(tenant()).named("k001-ns-networkpolicy-closed").inputs["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_the_openings_are_these(parts, tenant) -> None:
    spec = parts(tenant()).named("k001-ns-networkpolicy-openings").inputs["spec"]
    by_name = lambda name: {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}  # noqa: E731
    dns = by_name("kube-system") | {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    assert spec == {
        "podSelector": {"matchLabels": {"tenantry.io/tenant": "k001", "app.kubernetes.io/name": "business-app"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [by_name("envoy-gateway-system")], "ports": [{"protocol": "TCP", "port": 3000}]}],
        "egress": [
            {"to": [dns], "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
            {"to": [by_name("tenantry-platform")], "ports": [{"protocol": "TCP", "port": 4001}]},
            {"to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}], "ports": [{"protocol": "TCP", "port": 5432}]},
        ],
    }


@pytest.mark.parametrize("plan", PLANS)
def test_the_quota_is_the_plans(parts, tenant, plan: str) -> None:
    resolved = tenant(plan=plan)
    hard = parts(resolved).one("ResourceQuota").inputs["spec"]["hard"]
    compute, pods = resolved.plan.compute, resolved.plan.objects.pods
    for side in ("requests", "limits"):
        assert hard[f"{side}.cpu"] == f"{pods * millicores_of(compute.cpu)}m"
        assert int(hard[f"{side}.memory"]) == pods * bytes_of(compute.memory)
        assert int(hard[f"{side}.ephemeral-storage"]) == pods * bytes_of(compute.ephemeral_storage)
    objects = resolved.plan.objects
    assert {key: hard[key] for key in ("pods", "services", "secrets", "configmaps")} == {
        "pods": str(objects.pods),
        "services": str(objects.services),
        "secrets": str(objects.secrets),
        "configmaps": str(objects.config_maps),
    }
    for shared in ("services.nodeports", "services.loadbalancers", "persistentvolumeclaims", "requests.storage"):
        assert hard[shared] == "0"


@pytest.mark.parametrize(("before", "after"), list(permutations(PLANS, 2)))
def test_a_change_of_plan_rolls_out_within_the_new_quota(tenant, before: str, after: str) -> None:
    """The larger plan's pods are first scaled down to the new number; then a new one starts beside them."""
    old, new = tenant(plan=before).plan, tenant(plan=after).plan
    hard = quotas.hard(new)
    for name, measure in {"cpu": millicores_of, "memory": bytes_of, "ephemeral-storage": bytes_of}.items():
        field = name.replace("-", "_")
        large, small = measure(getattr(old.compute, field)), measure(getattr(new.compute, field))
        assert new.compute.replicas * large + small <= int(hard[f"limits.{name}"].removesuffix("m"))


@pytest.mark.parametrize("plan", ["basic", "enterprise"])
def test_a_container_that_names_nothing_gets_the_plans_amounts(parts, tenant, plan: str) -> None:
    resolved = tenant(plan=plan)
    container, pod = parts(resolved).one("LimitRange").inputs["spec"]["limits"]
    compute = resolved.plan.compute
    amounts = {"cpu": compute.cpu, "memory": compute.memory, "ephemeral-storage": compute.ephemeral_storage}
    assert container == {"type": "Container", "default": amounts, "defaultRequest": amounts, "max": amounts}
    assert pod == {"type": "Pod", "max": amounts}


def test_the_walls_stand_before_anything_is_inside(parts, tenant) -> None:
    recording = parts(tenant())
    walls = {resource.name for resource in recording.resources if resource.parent == "k001-ns"} - {"k001-ns-namespace"}
    assert len(walls) == 7
    for resource in recording.resources:
        if resource.name in walls:
            assert "k001-ns-namespace" in resource.after
        elif resource.provider == "kubernetes" and resource.name != "k001-ns-namespace":
            assert walls <= recording.all_before(resource.name), resource.name
