"""Undeclared things in tenants' namespaces: objects, and fields of declared objects that somebody else has added."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from tenantry.engine.clients.kubernetes import Kube
from tenantry.engine.run.quota_refusals import OF_KUBERNETES
from tenantry.inspection.drift.gravity import gravity_of
from tenantry.inspection.drift.model import Finding, Gravity, Mending
from tenantry.inspection.drift.stack import LiveStack
from tenantry.inspection.drift.undeclared.added_fields import added_fields
from tenantry.inspection.drift.undeclared.cluster_objects import Key, LiveObject, kinds, objects
from tenantry.inspection.drift.undeclared.removal import Undeclared
from tenantry.inspection.verify.core.declared import Thing
from tenantry.names import Names
from tenantry.parsing.json_narrowing import mapping, sequence

DATA, ISOLATION, ACCESS, LIMIT, HARMLESS = Gravity
SYSTEM: Final = "Kubernetes"
_RBAC: Final = "rbac.authorization.k8s.io"
_GATEWAY: Final = "gateway.networking.k8s.io"
_ENVOY: Final = "gateway.envoyproxy.io"
# Group and kind -> how grave, and whether a repair removes it: where it holds no data, and ends no program.
KINDS: Final[Mapping[tuple[str, str], tuple[Gravity, bool]]] = {
    ("", "ConfigMap"): (HARMLESS, False),  # the tenant's own admins may make these two
    ("", "Service"): (HARMLESS, False),
    ("", "Secret"): (HARMLESS, False),
    ("", "PersistentVolumeClaim"): (DATA, False),
    ("", "ServiceAccount"): (ACCESS, True),
    ("", "Endpoints"): (ISOLATION, True),
    ("", "ResourceQuota"): (LIMIT, True),
    ("", "LimitRange"): (LIMIT, True),
    ("discovery.k8s.io", "EndpointSlice"): (ISOLATION, True),
    ("networking.k8s.io", "NetworkPolicy"): (ISOLATION, True),
    ("networking.k8s.io", "Ingress"): (ISOLATION, True),
    (_RBAC, "Role"): (ACCESS, True),
    (_RBAC, "RoleBinding"): (ACCESS, True),
    (_GATEWAY, "HTTPRoute"): (ISOLATION, True),
    (_GATEWAY, "GRPCRoute"): (ISOLATION, True),
    (_GATEWAY, "ReferenceGrant"): (ISOLATION, True),
    (_ENVOY, "BackendTrafficPolicy"): (LIMIT, True),
    (_ENVOY, "HTTPRouteFilter"): (ISOLATION, True),
    (_ENVOY, "SecurityPolicy"): (ISOLATION, True),
    (_ENVOY, "EnvoyExtensionPolicy"): (ISOLATION, True),
    ("autoscaling", "HorizontalPodAutoscaler"): (LIMIT, True),
    ("policy", "PodDisruptionBudget"): (LIMIT, True),
    ("keda.sh", "ScaledObject"): (LIMIT, True),
    ("coordination.k8s.io", "Lease"): (HARMLESS, False),
}
_OTHERS: Final = (ISOLATION, False)  # programs, and kinds that nobody has judged
ACCOUNT: Final = "kubernetes.io/service-account.name"  # annotation of a Secret that is a token without an end
# Kind -> kinds whose controllers make it. Of any other kind an owner proves nothing: everybody may write one.
MADE_BY: Final[Mapping[str, frozenset[str]]] = {
    "ReplicaSet": frozenset({"Deployment"}),
    "Pod": frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "Job"}),
    "Job": frozenset({"CronJob"}),
    "ControllerRevision": frozenset({"StatefulSet", "DaemonSet"}),
    "EndpointSlice": frozenset({"Service", "Endpoints"}),
    "HorizontalPodAutoscaler": frozenset({"ScaledObject"}),
}


def look(stack: LiveStack, unseen: list[str]) -> Iterator[Undeclared]:
    """Looks at every tenant that has a namespace. What cannot be listed is added to `unseen`."""
    spaces = {names.namespace: names for names, phase in stack.tenants if phase.has_workload}
    if not spaces:
        return
    kube, items = stack.kube, list[LiveObject]()
    for kind in kinds(kube):
        try:
            items += objects(kube, kind, spaces.keys())
        except LookupError as error:
            unseen.append(f"{SYSTEM}: {error}")
    for namespace, names in spaces.items():
        inside = [item for item in items if item.namespace == namespace]
        declared = {_key(thing): thing for thing in stack.declared.things.get(namespace, ())}
        for item in undeclared(inside, declared.keys()):
            yield _undeclared(names, item, kube)
        for item in inside:
            if item.key in declared:
                thing = declared[item.key]
                for manager, paths in added_fields(item, thing.inputs, stack.refreshed.get(thing.urn, ())):
                    yield Undeclared(_added(names, item, manager, paths))


def _key(thing: Thing) -> Key:
    return thing.version.rpartition("/")[0], thing.kind, thing.name


def undeclared(inside: Sequence[LiveObject], declared: Collection[Key]) -> list[LiveObject]:
    """Without what Kubernetes makes by itself, and what its controllers make of something that is there."""
    by_uid = {item.uid: item for item in inside}
    services = {item.name for item in inside if item.kind.kind == "Service"}
    return [
        item
        for item in inside
        if item.key not in declared
        and (item.kind.kind, item.name) not in OF_KUBERNETES
        and not (item.key[:2] == ("", "Endpoints") and item.name in services)
        and not _is_made_by_controller(item, by_uid)
    ]


def _is_made_by_controller(item: LiveObject, by_uid: Mapping[str, LiveObject]) -> bool:
    makers = MADE_BY.get(item.kind.kind, frozenset())
    for owner in map(mapping, sequence(item.metadata.get("ownerReferences"))):
        maker = by_uid.get(str(owner.get("uid")))
        if owner.get("controller") is True and maker is not None and maker.kind.kind in makers:
            return True
    return False


def _undeclared(names: Names, item: LiveObject, kube: Kube) -> Undeclared:
    gravity, is_removed = KINDS.get(item.key[:2], _OTHERS)
    if item.key[:2] == ("", "Secret") and ACCOUNT in mapping(item.metadata.get("annotations")):
        gravity, is_removed = ACCESS, True
    where = f"-n {names.namespace} {_argument(item)}"
    remedy = (
        f"`tenantry drift --repair` removes it; `kubectl get {where} -o yaml` shows it"
        if is_removed
        else f"`kubectl get {where} -o yaml` shows it; whose is it, does it hold data? then `kubectl delete {where}`"
    )
    maker = f", made by {item.maker}" if item.maker else ""
    finding = Finding(
        names.code,
        SYSTEM,
        f"{item.kind.kind} {item.name}",
        f"nobody declared it{maker}",
        gravity,
        Mending.REMOVAL if is_removed else Mending.PERSON,
        remedy,
        is_declared=False,
    )
    return Undeclared(finding, partial(_remove, kube, item) if is_removed else None)


def _argument(item: LiveObject) -> str:
    return f"{item.kind.plural}{'.' + item.kind.group if item.kind.group else ''}/{item.name}"


def _remove(kube: Kube, item: LiveObject) -> None:
    """The very object that was looked at, and not one that has its name by now."""
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": item.uid}}
    answer = kube.ask("DELETE", item.path, body, dry=False)
    if answer.status not in (200, 202, 404):
        raise LookupError(answer.said)


def _added(names: Names, item: LiveObject, manager: str, paths: list[str]) -> Finding:
    kind = f"kubernetes:{item.kind.group or 'core'}:{item.kind.kind}"
    return Finding(
        names.code,
        SYSTEM,
        f"{item.kind.kind} {item.name}",
        f"has fields that nobody declared, of {manager}: {', '.join(paths)}",
        gravity_of(kind, paths),
        Mending.PERSON,
        f"no `up` takes them away: `kubectl edit -n {names.namespace} {_argument(item)}`",
        is_declared=False,
    )
