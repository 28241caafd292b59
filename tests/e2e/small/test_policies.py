"""Rules broken on purpose in a component or in a tenants' file: the run stops, says where, and nothing wrong is
made."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.instances.throwaway import World
from tests.e2e.conftest import bring

FAILED = 3
THIRD = "k003"
# Case -> file, what stands there, what is written instead, the rule, and where it must be said.
RESOURCE = {
    "a writable root": (
        "components/manifests/pod.py",
        '"readOnlyRootFilesystem": True',
        '"readOnlyRootFilesystem": False',
        "workload-filesystem",
        "Deployment ",  # the application's or a service's, whichever comes first
    ),
    "weak Pod Security": (
        "components/parts/namespace.py",
        "marks | POD_SECURITY",  # the tenants' alone: the platform's comes first
        "marks | dict.fromkeys(POD_SECURITY, 'baseline')",
        "workload-pod-security",
        "Namespace tenant-",
    ),
    "an open direction": (
        "components/manifests/network_policy.py",
        'BOTH_WAYS: Final = ("Ingress", "Egress")',
        'BOTH_WAYS: Final = ("Ingress",)',
        "network-directions",
        "NetworkPolicy ",  # which one comes first is chance
    ),
    "a quota of no plan": (
        "components/manifests/quotas.py",
        '"services.nodeports": "0"',
        '"services.nodeports": "9"',
        "quotas-quota",
        "ResourceQuota plan",
    ),
    "a header added to instead of set": (
        "components/manifests/http_route.py",
        '{"set": [header]}',
        '{"add": [header]}',
        "dns-header",
        "HTTPRoute business-app",
    ),
    "unlimited connections": (
        "components/parts/database.py",
        "connection_limit=args.connections",
        "connection_limit=-1",
        "database-connections",
        "rent0",
    ),
    "data without protection": (
        "components/tenant.py",
        "protect=args.protect",
        "protect=False",
        "protection-protect",
        "rent0",
    ),
    "a rail that lets pass": (
        "components/admission_policies/policy.py",
        '"failurePolicy": "Fail"',
        '"failurePolicy": "Ignore"',
        "workload-rail",
        "ValidatingAdmissionPolicy tenantry-",
    ),
}
# Case -> where the fault would stand in the cluster, and how.
NEVER = {
    "a writable root": ("deployments", '"readOnlyRootFilesystem": false'),
    "weak Pod Security": ("namespaces", '"baseline"'),
    "an open direction": ("networkpolicies", '"policyTypes": ["Ingress"]'),
    "a quota of no plan": ("resourcequotas", '"services.nodeports": "9"'),
    "a header added to instead of set": ("httproutes", '"add":'),
    "a rail that lets pass": ("validatingadmissionpolicies", '"Ignore"'),
}
STACK = {
    "no limits": (
        "components/parts/namespace.py",
        '("v1", "LimitRange", "plan"): {"spec": {"limits": quotas.limits(args.plan)}},',
        "",
        "quotas-present",
        "LimitRange",
    ),
    "more connections than the server has": (
        "tenants/plans.yaml",
        "connections: 50",
        "connections: 6000",
        "totals-connections",
        "connections",
    ),
}


@pytest.fixture(scope="module")
def small(life: Any) -> World:
    """Two tenants live; the third is opened only by the broken runs."""
    bring(life.world, THIRD)
    return life.world


@pytest.fixture
def broken(small: World) -> Any:
    """Writes the fault into the checkout; it is taken out again at the end."""
    written: list[tuple[Any, str]] = []

    def write(file: str, old: str, new: str) -> None:
        path = small.folder / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} no longer says {old!r}"
        written.append((path, text))
        path.write_text(text.replace(old, new), "utf-8")

    yield write
    for path, text in written:
        path.write_text(text, "utf-8")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", RESOURCE)
def test_the_resource_is_not_made(small: World, broken: Callable[..., None], case: str) -> None:
    file, old, new, rule, where = RESOURCE[case]
    broken(file, old, new)
    done = small.up(ok=None)
    said = done.stdout + done.stderr
    assert done.returncode == FAILED, said
    assert f"{rule}: " in said, said
    assert where in said, said
    assert "Remedy: " in said
    kind, problem = NEVER.get(case, ("namespaces", "no such text"))
    assert problem not in json.dumps(small.kubectl("get", kind, "-A")), "it was made all the same"


@pytest.mark.sampled(1)
@pytest.mark.parametrize("case", STACK)
def test_the_run_fails(small: World, broken: Callable[..., None], case: str) -> None:
    file, old, new, rule, where = STACK[case]
    broken(file, old, new)
    done = small.run("tenantry", "preview", "--stack", "local", ok=None)
    said = done.stdout + done.stderr
    assert done.returncode == FAILED, said
    assert f"{rule}: " in said, said
    assert where in said, said


def test_the_stacks_own_configuration_is_in_force(small: World) -> None:
    file = small.folder / "policies" / "local.json"
    file.write_text(json.dumps({"workload": {"registries": ["registry.example.com/ours"]}}))
    try:
        done = small.run("tenantry", "preview", "--stack", "local", ok=None)
    finally:
        file.unlink()
    said = done.stdout + done.stderr
    assert done.returncode == FAILED, said
    assert "workload-image: " in said, said
    assert "from no registry that is allowed" in said, said


def test_without_the_faults_all_is_made(small: World) -> None:
    small.up()
    assert {item["metadata"]["namespace"] for item in small.kubectl("get", "deployments", "-A")["items"]} >= {
        f"tenant-{THIRD}"
    }
