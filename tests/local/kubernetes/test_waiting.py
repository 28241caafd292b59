"""Updates return when the object is ready, and say why when it is not."""

import threading
import time

import pytest
from kubernetes.client.exceptions import ApiException

from tests.local.kubernetes.conftest import Json, Kubelite, NotReadyError, Plugin, RefusedError


def deployment(namespace: str, replicas: int = 2, image: str = "example.invalid/web:1", **spec: object) -> Json:
    labels = {"app": "web"}
    return {
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": image}], **spec},
            },
        },
    }


def quota(namespace: str, pods: int) -> Json:
    return {"metadata": {"name": "quota", "namespace": namespace}, "spec": {"hard": {"pods": str(pods)}}}


def test_a_roll_out_is_waited_for(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    resource = plugin.resource("apps/v1:Deployment").create(deployment(namespace))
    assert resource.outputs["status"]["availableReplicas"] == 2
    resource.update(deployment(namespace, image="example.invalid/web:2"))
    status = kubelite.apps.read_namespaced_deployment("web", namespace).status
    assert (status.updated_replicas, status.replicas) == (2, 2)


def test_no_replicas_are_ready_when_the_last_pod_is_gone(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    resource = plugin.resource("apps/v1:Deployment").create(deployment(namespace))
    resource.update(deployment(namespace, replicas=0))
    assert not kubelite.apps.read_namespaced_deployment("web", namespace).status.replicas


def test_a_quota_that_refuses_pods_is_named(plugin: Plugin, namespace: str) -> None:
    """The Deployment alone would 'succeed': the reason is found at its ReplicaSet."""
    plugin.resource("core/v1:ResourceQuota", "quota").create(quota(namespace, 1))
    resource = plugin.resource("apps/v1:Deployment")
    with pytest.raises(NotReadyError) as failure:
        resource.create(deployment(namespace), timeout=2)
    assert "exceeded quota" in " ".join(failure.value.reasons)
    assert resource.id == f"{namespace}/web"
    # The next update makes room and waits again, with the very resource that the failed one left in the state.
    plugin.resource("core/v1:ResourceQuota", "quota").take(f"{namespace}/quota").update(quota(namespace, 9))
    resource.update(deployment(namespace, replicas=3))


def test_a_pod_that_fits_nowhere_is_explained(plugin: Plugin, namespace: str) -> None:
    with pytest.raises(NotReadyError) as failure:
        plugin.resource("apps/v1:Deployment").create(deployment(namespace, nodeSelector={"no": "where"}), timeout=2)
    assert "Unschedulable" in " ".join(failure.value.reasons)


@pytest.mark.parametrize("annotation", [{"pulumi.com/skipAwait": "true"}, {"pulumi.com/timeoutSeconds": "1"}])
def test_annotations_of_the_sdk(plugin: Plugin, namespace: str, annotation: dict[str, str]) -> None:
    wanted = deployment(namespace, nodeSelector={"no": "where"})
    wanted["metadata"]["annotations"] = annotation
    began = time.monotonic()
    if "pulumi.com/skipAwait" in annotation:
        plugin.resource("apps/v1:Deployment").create(wanted)
    else:
        with pytest.raises(NotReadyError):
            plugin.resource("apps/v1:Deployment").create(wanted, timeout=0)
    assert time.monotonic() - began < 30  # it would be waited for ten minutes


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_other_workloads(plugin: Plugin, namespace: str, kind: str) -> None:
    wanted = deployment(namespace)
    if kind == "DaemonSet":
        del wanted["spec"]["replicas"]
    else:
        wanted["spec"]["serviceName"] = "web"
    resource = plugin.resource(f"apps/v1:{kind}").create(wanted)
    ready = resource.outputs["status"]["numberAvailable" if kind == "DaemonSet" else "readyReplicas"]
    assert ready == (3 if kind == "DaemonSet" else 2)
    wanted["spec"]["template"]["spec"]["containers"][0]["image"] = "example.invalid/web:2"
    resource.update(wanted)
    status = resource.outputs["status"]
    assert status["updatedNumberScheduled" if kind == "DaemonSet" else "updatedReplicas"] == ready


def test_a_job_is_complete(plugin: Plugin, namespace: str) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "example.invalid/a:1"}]}}
    wanted: Json = {"metadata": {"name": "once", "namespace": namespace}, "spec": {"template": template}}
    assert plugin.resource("batch/v1:Job").create(wanted).outputs["status"]["succeeded"] == 1


def test_a_claim_is_bound_to_a_volume_that_goes_with_it(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    resource = plugin.resource("core/v1:PersistentVolumeClaim").create(
        {"metadata": {"name": "data", "namespace": namespace}, "spec": spec}
    )
    volume = resource.outputs["spec"]["volumeName"]
    assert resource.outputs["status"]["phase"] == "Bound"
    resource.delete()
    core, deadline = kubelite.core, time.monotonic() + 20
    while volume in [v.metadata.name for v in core.list_persistent_volume().items]:
        assert time.monotonic() < deadline, "the volume outlived its claim"
        time.sleep(0.1)


@pytest.mark.parametrize("kind", ["with pods", "without pods", "headless", "balancer"])
def test_services(plugin: Plugin, namespace: str, kind: str) -> None:
    spec: Json = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 3000}]}
    if kind == "with pods":
        plugin.resource("apps/v1:Deployment", "web").create(deployment(namespace))
    elif kind == "headless":
        spec["clusterIP"] = "None"
    elif kind == "balancer":
        spec["type"] = "LoadBalancer"
    began = time.monotonic()
    resource = plugin.resource("core/v1:Service").create(
        {"metadata": {"name": "web", "namespace": namespace}, "spec": spec}
    )
    assert time.monotonic() - began < 30  # it would be waited for ten minutes
    assert resource.outputs["spec"]["clusterIP"]
    if kind == "balancer":
        assert resource.outputs["status"]["loadBalancer"]["ingress"][0]["ip"]


def test_a_service_whose_pods_are_not_ready(plugin: Plugin, namespace: str) -> None:
    wanted = deployment(namespace, nodeSelector={"no": "where"})
    wanted["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    plugin.resource("apps/v1:Deployment", "web").create(wanted)
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    with pytest.raises(NotReadyError, match="none of them is ready"):
        plugin.resource("core/v1:Service").create(
            {"metadata": {"name": "web", "namespace": namespace}, "spec": spec}, timeout=2
        )


def test_a_namespace_with_pods_is_gone_quickly(plugin: Plugin, kubelite: Kubelite) -> None:
    resource = plugin.resource("core/v1:Namespace").create({"metadata": {"name": "short-lived"}})
    assert resource.id == "short-lived"
    plugin.resource("apps/v1:Deployment").create(deployment("short-lived"))
    began = time.monotonic()
    resource.delete()
    assert time.monotonic() - began < 25  # a grace period that is waited for takes thirty
    with pytest.raises(ApiException, match="404"):
        kubelite.core.read_namespace("short-lived")


def test_deletion_waits_for_finalizers_and_says_so(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    wanted = {"metadata": {"name": "held", "namespace": namespace, "finalizers": ["example.org/hold"]}}
    resource = plugin.resource("core/v1:ConfigMap").create(wanted)
    with pytest.raises(RefusedError, match=r"example\.org/hold"):
        resource.delete(timeout=1)
    core = kubelite.core
    release = threading.Timer(
        0.5, core.patch_namespaced_config_map, ("held", namespace, {"metadata": {"finalizers": None}})
    )
    release.start()
    resource.delete(timeout=20)
    release.join()


def test_a_held_namespace_is_not_waited_for_and_names_what_holds_it(plugin: Plugin, kubelite: Kubelite) -> None:
    """The second time at once: an earlier run has waited already."""
    resource = plugin.resource("core/v1:Namespace").create({"metadata": {"name": "held"}})
    held = {"metadata": {"name": "mine", "finalizers": ["example.org/hold"]}}
    kubelite.core.create_namespaced_config_map("held", held)
    for most_seconds in (60, 15):
        began = time.monotonic()
        with pytest.raises(
            RefusedError, match=r"held by ConfigMap mine \(finalizers example\.org/hold\).*kubectl patch"
        ):
            resource.delete(timeout=180)
        assert time.monotonic() - began < most_seconds
    kubelite.core.patch_namespaced_config_map("mine", "held", {"metadata": {"finalizers": None}})
    resource.delete(timeout=60)


@pytest.mark.parametrize("policy", ["orphan", "foreground"])
def test_dependents_by_annotation(plugin: Plugin, kubelite: Kubelite, namespace: str, policy: str) -> None:
    wanted = deployment(namespace)
    wanted["metadata"]["annotations"] = {"pulumi.com/deletionPropagationPolicy": policy}
    plugin.resource("apps/v1:Deployment").create(wanted).delete()
    left = kubelite.apps.list_namespaced_replica_set(namespace).items
    assert bool(left) == (policy == "orphan")
