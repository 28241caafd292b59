"""Pod specs in resources: of a Deployment, a Job, a CronJob, or a bare pod."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from policies.model.resource import Resource
from policies.model.values import at, mapping, sequence, text

Spec = Mapping[str, Any]
_POD_AT: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes:Pod": ("spec",),
    "kubernetes:PodTemplate": ("template", "spec"),
    "kubernetes:CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    **{
        f"kubernetes:{kind}": ("spec", "template", "spec")
        for kind in ("Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job")
    },
}
PODS: Final = tuple(_POD_AT)


def pod(resource: Resource) -> Spec:
    return mapping(at(resource.props, *_POD_AT[resource.kind]))


def containers(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """All kinds of containers of a pod, with their names."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for entry in sequence(spec.get(key)):
            yield text(mapping(entry).get("name")) or key, mapping(entry)


def main_containers(spec: Spec) -> Sequence[tuple[str, Spec]]:
    return [
        (text(mapping(container).get("name")), mapping(container)) for container in sequence(spec.get("containers"))
    ]


def volumes(spec: Spec) -> Iterator[tuple[str, str, Spec]]:
    """Name, kind, and the settings of that kind."""
    for volume in sequence(spec.get("volumes")):
        entry = mapping(volume)
        kinds = [key for key in entry if key != "name"] or ["emptyDir"]
        for kind in kinds:
            yield text(entry.get("name")), kind, mapping(entry.get(kind))
