"""Workload: pods that could not leave their namespace if they tried (Pod Security "restricted", and some more)."""

from collections.abc import Iterator
from typing import Final

from policies.facts.pod_specs import PODS, Spec, containers, main_containers, pod, volumes
from policies.model.resource import Resource
from policies.model.rule import resource_rule
from policies.model.settings import Settings
from policies.model.values import at, boolean, mapping, number, sequence, shown, text
from tenantry.names import (
    LONGEST_GRACE_SECONDS,
    LOWEST_USER_ID,
    PLATFORM_NAMESPACE,
    SERVICE_ACCOUNT,
    SESSION_SECONDS,
)

NAMESPACE: Final = "kubernetes:Namespace"
LEVEL: Final = "pod-security.kubernetes.io/"
VOLUMES: Final = frozenset({"emptyDir", "projected", "configMap", "secret", "downwardAPI"})
IDS: Final = {"runAsUser": "user", "runAsGroup": "group", "fsGroup": "group"}
ACCOUNTS: Final = ("kubernetes:ServiceAccount", "kubernetes:ServiceAccountPatch")
TENANT_KINDS: Final = frozenset({"kubernetes:Deployment", "kubernetes:Job", "kubernetes:CronJob"})


def _context(spec: Spec) -> Spec:
    return mapping(spec.get("securityContext"))


@resource_rule(
    "workload-pod-security",
    kinds=[NAMESPACE],
    why="Without it the API server takes pods that these policies never saw.",
    remedy="label the namespace with enforce, audit and warn = restricted.",
)
def pod_security(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's namespace and the platform's own enforce Pod Security "restricted"."""
    if resource.code is None and resource.namespace != PLATFORM_NAMESPACE:
        return
    labels = mapping(at(resource.props, "metadata", "labels"))
    for mode in ("enforce", "audit", "warn"):
        if text(labels.get(LEVEL + mode)) != "restricted":
            yield f"{mode} is {shown(labels.get(LEVEL + mode))}"


@resource_rule(
    "workload-privileged",
    kinds=PODS,
    why="A privileged container is root on the node, next to all its neighbours.",
    remedy="set privileged and allowPrivilegeEscalation to false.",
)
def privileged(resource: Resource, settings: Settings) -> Iterator[str]:
    """No container is privileged or may become so."""
    for name, container in containers(pod(resource)):
        context = _context(container)
        if boolean(context.get("privileged")):
            yield f"container {name} is privileged"
        if boolean(context.get("allowPrivilegeEscalation")) is not False:
            yield f"container {name} may gain privileges"


@resource_rule(
    "workload-capabilities",
    kinds=PODS,
    why="A capability is a part of root's power.",
    remedy="set capabilities to drop ALL and add none.",
)
def capabilities(resource: Resource, settings: Settings) -> Iterator[str]:
    """Containers drop all capabilities and add none."""
    for name, container in containers(pod(resource)):
        changes = mapping(_context(container).get("capabilities"))
        if "ALL" not in sequence(changes.get("drop")):
            yield f"container {name} keeps capabilities"
        if sequence(changes.get("add")):
            yield f"container {name} adds capabilities"


@resource_rule(
    "workload-root",
    kinds=PODS,
    why="Root in a container is root outside it after one fault of the kernel, and user 1000 is somebody on the node.",
    remedy=f"set runAsNonRoot: true, and for the pod runAsUser, runAsGroup and fsGroup from {LOWEST_USER_ID} on.",
)
def root(resource: Resource, settings: Settings) -> Iterator[str]:
    """No container runs as root, or as a user or group that a node may have."""
    spec = pod(resource)
    above = _context(spec)
    for name, container in containers(spec):
        context = _context(container)
        own = context.get("runAsNonRoot")
        if boolean(above.get("runAsNonRoot") if own is None else own) is not True:
            yield f"container {name} may run as root"
    contexts = [
        ("the pod", above),
        *((f"container {name}", _context(container)) for name, container in containers(spec)),
    ]
    for where, context in contexts:
        groups = [("group", group) for group in sequence(context.get("supplementalGroups"))]
        given = [(kind, context.get(key)) for key, kind in IDS.items() if context is above or key in context]
        for kind, id_ in [*given, *groups]:
            if (number(id_) or 0) < LOWEST_USER_ID:
                yield f"{where} runs as {kind} {shown(id_)}"


@resource_rule(
    "workload-grace",
    kinds=PODS,
    why="A pod that takes its time to end holds its namespace, and every roll-out.",
    remedy=f"set terminationGracePeriodSeconds to at most {LONGEST_GRACE_SECONDS}.",
)
def grace(resource: Resource, settings: Settings) -> Iterator[str]:
    """Pods end soon after they are told to."""
    seconds = number(pod(resource).get("terminationGracePeriodSeconds"))
    if seconds is not None and seconds > LONGEST_GRACE_SECONDS:
        yield f"it may go on for {shown(seconds)} s"


@resource_rule(
    "workload-seccomp",
    kinds=PODS,
    why="Most ways out of a container are system calls that no application needs.",
    remedy="set seccompProfile to RuntimeDefault for the pod.",
)
def seccomp(resource: Resource, settings: Settings) -> Iterator[str]:
    """Every container has a seccomp profile."""
    spec = pod(resource)
    above = text(at(spec, "securityContext", "seccompProfile", "type"))
    for name, container in containers(spec):
        profile = text(at(container, "securityContext", "seccompProfile", "type")) or above
        if profile not in ("RuntimeDefault", "Localhost"):
            yield f"container {name} has the profile {profile or 'none'}"


@resource_rule(
    "workload-filesystem",
    kinds=PODS,
    why="What an intruder cannot write does not run.",
    remedy="set readOnlyRootFilesystem: true and mount an emptyDir where the application writes.",
)
def filesystem(resource: Resource, settings: Settings) -> Iterator[str]:
    """Containers cannot write to their image."""
    for name, container in containers(pod(resource)):
        if boolean(_context(container).get("readOnlyRootFilesystem")) is not True:
            yield f"container {name} has a writable root"


@resource_rule(
    "workload-host",
    kinds=PODS,
    why="The node's network, processes and settings belong to all tenants on it.",
    remedy="leave hostNetwork, hostPID, hostIPC, hostPort, hostProcess, sysctls and procMount out.",
)
def host(resource: Resource, settings: Settings) -> Iterator[str]:
    """Pods share nothing with their node."""
    spec = pod(resource)
    for key in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
        if boolean(spec.get(key)):
            yield f"it has {key}"
    if sequence(_context(spec).get("sysctls")):
        yield "it changes settings of the kernel"
    contexts = [("the pod", _context(spec)), *((name, _context(container)) for name, container in containers(spec))]
    for name, context in contexts:
        if boolean(at(context, "windowsOptions", "hostProcess")):
            yield f"{name} is a process of the host"
        if text(context.get("procMount")) not in ("", "Default"):
            yield f"{name} has procMount {shown(context.get('procMount'))}"
        if text(at(context, "appArmorProfile", "type")) == "Unconfined":
            yield f"{name} is not confined by AppArmor"
    for name, container in containers(spec):
        if any(number(mapping(port).get("hostPort")) for port in sequence(container.get("ports"))):
            yield f"container {name} takes a port of the node"


@resource_rule(
    "workload-volumes",
    kinds=PODS,
    why="A path of the node is everybody's, and a tenant's data is in its database and its bucket, where it is kept.",
    remedy="use emptyDir with a sizeLimit, projected, configMap, secret or downwardAPI.",
)
def pod_volumes(resource: Resource, settings: Settings) -> Iterator[str]:
    """Pods mount no path of the node and no disk, and what they may write is limited."""
    for name, kind, detail in volumes(pod(resource)):
        if kind not in VOLUMES:
            yield f"volume {name} is a {kind}"
        elif kind == "emptyDir" and not text(detail.get("sizeLimit")):
            yield f"volume {name} has no limit"


@resource_rule(
    "workload-image",
    kinds=PODS,
    why="An image from elsewhere, or another under the same tag, is somebody else's program with this tenant's data.",
    remedy="name the image REGISTRY/NAME:VERSION, in production REGISTRY/NAME@sha256:DIGEST.",
)
def image(resource: Resource, settings: Settings) -> Iterator[str]:
    """Images come from the allowed registries, at a fixed version, in production by digest."""
    registries = settings.texts("registries")
    for name, container in containers(pod(resource)):
        full = text(container.get("image"))
        path, _, digest = full.partition("@")
        tag = path.rpartition("/")[2].partition(":")[2]
        if registries and not any(path.startswith(f"{registry.rstrip('/')}/") for registry in registries):
            yield f"container {name} runs {shown(full)}, from no registry that is allowed"
        if settings.flag("digest") and not digest.startswith("sha256:"):
            yield f"container {name} runs {shown(full)}, not named by digest"
        elif not digest and tag in ("", "latest"):
            yield f"container {name} runs {shown(full)}, which changes under its name"


@resource_rule(
    "workload-pull",
    kinds=PODS,
    why="A node's cache gives a private image to whoever names it.",
    remedy="set imagePullPolicy: Always.",
)
def pull(resource: Resource, settings: Settings) -> Iterator[str]:
    """Images are asked for at the registry at every start."""
    for name, container in containers(pod(resource)):
        if text(container.get("imagePullPolicy")) != "Always":
            yield f"container {name} has {shown(container.get('imagePullPolicy'))}"


@resource_rule(
    "workload-account",
    kinds=PODS,
    why="The default account is anybody's in the namespace, and the tenant's role trusts only its own.",
    remedy=f"set serviceAccountName: {SERVICE_ACCOUNT}.",
)
def account(resource: Resource, settings: Settings) -> Iterator[str]:
    """Pods run under an account of their own."""
    name = text(pod(resource).get("serviceAccountName"))
    if name in ("", "default") or (resource.code and name != SERVICE_ACCOUNT):
        yield f"its account is {name or 'default'}"


@resource_rule(
    "workload-token",
    kinds=[*PODS, *ACCOUNTS],
    why="A mounted token speaks to the Kubernetes API as the tenant, for whoever gets into the pod.",
    remedy="set automountServiceAccountToken: false; project tokens for another audience, for an hour.",
)
def token(resource: Resource, settings: Settings) -> Iterator[str]:
    """No token for the Kubernetes API is mounted."""
    spec = resource.props if resource.kind in ACCOUNTS else pod(resource)
    if boolean(spec.get("automountServiceAccountToken")) is not False:
        yield "it mounts a token"
    if resource.kind in ACCOUNTS:
        return
    for name, kind, detail in volumes(spec):
        for source in sequence(detail.get("sources")) if kind == "projected" else ():
            projected = mapping(source).get("serviceAccountToken")
            if projected is None:
                continue
            seconds = number(mapping(projected).get("expirationSeconds"))
            if not text(mapping(projected).get("audience")):
                yield f"volume {name} projects a token for the Kubernetes API"
            if seconds is None or seconds > SESSION_SECONDS:
                yield f"volume {name} projects a token for {shown(seconds)} s"


@resource_rule(
    "workload-probes",
    kinds=["kubernetes:Deployment", "kubernetes:StatefulSet"],
    why="Without them a broken release counts as a good one, and reaches everybody.",
    remedy="give each container a readinessProbe and a livenessProbe.",
)
def probes(resource: Resource, settings: Settings) -> Iterator[str]:
    """Long-running containers are probed."""
    for name, container in main_containers(pod(resource)):
        for probe in ("readinessProbe", "livenessProbe"):
            if not mapping(container.get(probe)):
                yield f"container {name} has no {probe}"


@resource_rule(
    "workload-kind",
    kinds=[kind for kind in PODS if kind not in TENANT_KINDS],
    why="A DaemonSet takes every node, a bare pod never comes back, a StatefulSet keeps data outside the backups.",
    remedy="use a Deployment.",
)
def kind_of_workload(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant runs Deployments and Jobs."""
    if resource.code or resource.under_a_tenant:
        yield f"a tenant is given a {resource.kind.rpartition(':')[2]}"


@resource_rule(
    "workload-scheduling",
    kinds=PODS,
    why="A pod that chooses its node, goes before others or tolerates everything pushes neighbours out.",
    remedy="leave nodeName, priorityClassName and blanket tolerations out.",
)
def scheduling(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's pods take no precedence over those of others."""
    if resource.code is None:
        return
    spec = pod(resource)
    for key in ("nodeName", "priorityClassName", "schedulerName", "runtimeClassName"):
        if text(spec.get(key)) not in ("", "default-scheduler"):
            yield f"it has {key} {shown(spec.get(key))}"
    if any(text(mapping(toleration).get("key")) == "" for toleration in sequence(spec.get("tolerations"))):
        yield "it tolerates every taint"
