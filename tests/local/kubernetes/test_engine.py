"""The plugin under the real engine, with the SDK's typed resources, driven through the Automation API."""

# pyright: reportArgumentType=false, reportCallIssue=false
# The resources are written as plain mappings, as most programs do; the SDK types only its own classes.

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from pulumi import automation

from tests.local.kubernetes.conftest import Kubelite

PLUGIN = "resource-kubernetes-v4.34.2/pulumi-resource-kubernetes"
PASSWORD = "correct-horse-battery"
OBJECTS = 12
LOG = logging.getLogger(__name__)


def tenant(kubeconfig: str, name: str, image: str = "example.invalid/web:1") -> None:
    """A namespace and what a tenant has in it."""
    provider = k8s.Provider("cluster", kubeconfig=pulumi.Output.secret(kubeconfig), enable_secret_mutable=True)
    opts = pulumi.ResourceOptions(provider=provider)
    namespace = k8s.core.v1.Namespace(
        name, metadata={"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}, opts=opts
    )
    unnamed: Any = {"namespace": namespace.metadata.name}

    def inside(name: str) -> Any:
        return {"name": name, **unnamed}

    labels = {"app": "web"}
    k8s.core.v1.ResourceQuota(
        "quota", metadata=inside("quota"), spec={"hard": {"pods": "4", "requests.cpu": "4"}}, opts=opts
    )
    limit: Any = {
        "type": "Container",
        "default": {"cpu": "200m", "memory": "128Mi"},
        "default_request": {"cpu": "50m", "memory": "64Mi"},
    }
    k8s.core.v1.LimitRange("limits", metadata=inside("limits"), spec={"limits": [limit]}, opts=opts)
    k8s.networking.v1.NetworkPolicy(
        "deny",
        metadata=inside("deny"),
        spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
        opts=opts,
    )
    account = k8s.core.v1.ServiceAccount(
        "app", metadata=inside("app"), automount_service_account_token=False, opts=opts
    )
    role = k8s.rbac.v1.Role(
        "reader",
        metadata=inside("reader"),
        rules=[{"api_groups": [""], "resources": ["pods"], "verbs": ["get"]}],
        opts=opts,
    )
    k8s.rbac.v1.RoleBinding(
        "reader",
        metadata=inside("reader"),
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name},
        subjects=[{"kind": "ServiceAccount", "name": account.metadata.name, "namespace": namespace.metadata.name}],
        opts=opts,
    )
    secret = k8s.core.v1.Secret("login", metadata=unnamed, string_data={"password": PASSWORD}, opts=opts)
    k8s.core.v1.ConfigMap("settings", metadata=unnamed, data={"plan": "basic"}, opts=opts)
    restricted = {"allow_privilege_escalation": False, "capabilities": {"drop": ["ALL"]}, "run_as_non_root": True}
    pod: Any = {
        "service_account_name": account.metadata.name,
        "security_context": {"seccomp_profile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "web",
                "image": image,
                "security_context": restricted,
                "env_from": [{"secret_ref": {"name": secret.metadata.name}}],
                "ports": [{"container_port": 3000}],
            }
        ],
    }
    web = k8s.apps.v1.Deployment(
        "web",
        metadata=inside("web"),
        spec={
            "replicas": 2,
            "selector": {"match_labels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
        opts=opts,
    )
    k8s.core.v1.Service(
        "web",
        metadata=inside("web"),
        spec={"selector": labels, "ports": [{"port": 80, "target_port": 3000}]},
        opts=opts,
    )
    k8s.apiextensions.CustomResource(
        "hall",
        api_version="house.example.org/v1",
        kind="Room",
        metadata=inside("hall"),
        spec={"floor": 1},
        opts=opts,
    )
    k8s.policy.v1.PodDisruptionBudget(
        "web",
        metadata=inside("web"),
        spec={"max_unavailable": 1, "selector": {"match_labels": labels}},
        opts=opts,
    )
    pulumi.export("replicas", web.status.available_replicas)


@pytest.fixture
def stack(binary: Callable[[str], Path], tmp_path: Path, kubelite: Kubelite) -> Callable[..., automation.Stack]:
    """Makes a stack with a state and an engine of its own."""
    tools = tmp_path / "bin"
    plugin = tmp_path / "home" / "plugins" / PLUGIN
    for link, name in ((tools / "pulumi", "pulumi"), (plugin, "pulumi-resource-kubernetes")):
        link.parent.mkdir(parents=True)
        link.symlink_to(binary(name))
    (tmp_path / "state").mkdir()
    environment = {
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
        "PULUMI_CONFIG_PASSPHRASE": "a",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PATH": f"{tools}:{os.environ['PATH']}",
    }
    command = automation.PulumiCommand(root=str(tmp_path), skip_version_check=True)

    def make(program: Callable[[], None]) -> automation.Stack:
        options = automation.LocalWorkspaceOptions(env_vars=environment, pulumi_command=command)
        return automation.create_or_select_stack("s", project_name="test", program=program, opts=options)

    return make


def changes(result: Any) -> dict[str, int]:
    return {str(kind): number for kind, number in (result.summary.resource_changes or {}).items()}


def test_up_same_refresh_change_destroy(
    stack: Callable[..., automation.Stack], kubelite: Kubelite, tmp_path: Path
) -> None:
    kubeconfig = kubelite.kubeconfig.read_text()
    subject = stack(lambda: tenant(kubeconfig, "tenant-k001"))
    began = time.monotonic()
    assert changes(subject.up()) == {"create": OBJECTS + 3}  # with namespace, provider and stack
    LOG.info("create: %.2f s", time.monotonic() - began)
    began = time.monotonic()
    assert changes(subject.up()) == {"same": OBJECTS + 3}
    LOG.info("same: %.2f s", time.monotonic() - began)
    assert subject.outputs()["replicas"].value == 2
    assert changes(subject.refresh()) == {"same": OBJECTS + 3}
    states = [file for file in (tmp_path / "state").rglob("*") if file.is_file()]
    assert any(b"tenant-k001" in file.read_bytes() for file in states)
    assert [file for file in states if PASSWORD.encode() in file.read_bytes()] == []

    kubelite.apps.patch_namespaced_deployment("web", "tenant-k001", {"spec": {"replicas": 1}})
    assert changes(subject.refresh()) == {"same": OBJECTS + 2, "update": 1}
    changed = stack(lambda: tenant(kubeconfig, "tenant-k001", "example.invalid/web:2"))
    assert changed.preview().change_summary.get(automation.OpType.UPDATE) == 1
    assert changes(changed.up()) == {"same": OBJECTS + 2, "update": 1}
    assert kubelite.apps.read_namespaced_deployment("web", "tenant-k001").spec.replicas == 2

    # Told to replace, the engine asks nobody: what has one name must still be there, and a namespace with all it holds.
    space, role = "core/v1:Namespace::tenant-k001", "rbac.authorization.k8s.io/v1:Role::reader"
    before = kubelite.core.read_namespace("tenant-k001").metadata.uid
    changed.up(replace=[f"urn:pulumi:s::test::kubernetes:{resource}" for resource in (space, role)])
    assert kubelite.core.read_namespace("tenant-k001").metadata.uid == before
    assert kubelite.core.read_namespace("tenant-k001").status.phase == "Active"
    assert kubelite.rbac.read_namespaced_role("reader", "tenant-k001")
    assert changes(changed.refresh()) == {"same": OBJECTS + 3}

    began = time.monotonic()
    changed.destroy()
    LOG.info("destroy: %.2f s", time.monotonic() - began)
    assert "tenant-k001" not in [n.metadata.name for n in kubelite.core.list_namespace().items]
