"""Network: nothing reaches a tenant and a tenant reaches nothing, but for the openings that are listed."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Any, Final

from policies.model.resource import TENANT_LABEL, Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import at, boolean, mapping, sequence, shown, text
from tenantry.names import APP_PORT, EXPORTER, EXPORTER_PORT, PART_LABEL, PLATFORM_NAMESPACE

POLICY: Final = "kubernetes:NetworkPolicy"
SERVICE: Final = "kubernetes:Service"
ROLE_LABEL: Final = "tenantry.io/role"  # plugin: the pods of plug-in services, each with a port called http
NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"  # set by Kubernetes itself, not by whoever labels a namespace
WIDEST: Final = {4: 8, 6: 32}  # the shortest mask of a listed range, by IP version: an opening is no internet
SIDES: Final = (("ingress", "from"), ("egress", "to"))


def _rules(resource: Resource) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """Side, peers and ports of each rule."""
    for side, peers in SIDES:
        for rule in map(mapping, sequence(at(resource.props, "spec", side))):
            yield side, list(sequence(rule.get(peers))), list(sequence(rule.get("ports")))


@resource_rule(
    "network-directions",
    kinds=[POLICY],
    why="A direction that a policy does not name stays open.",
    remedy="set policyTypes to Ingress and Egress.",
)
def directions(resource: Resource, settings: Settings) -> Iterator[str]:
    """NetworkPolicies hold in both directions."""
    named = {text(direction) for direction in sequence(at(resource.props, "spec", "policyTypes"))}
    if named != {"Ingress", "Egress"}:
        yield f"it holds for {', '.join(sorted(named)) or 'no direction by name'}"


@resource_rule(
    "network-everywhere",
    kinds=[POLICY],
    why="A rule without peers or ports opens everything it does not name.",
    remedy="name the peers and the ports of every rule, and ranges no wider than /8.",
)
def everywhere(resource: Resource, settings: Settings) -> Iterator[str]:
    """Every opening names its peers and its ports."""
    for side, peers, ports in _rules(resource):
        if not peers:
            yield f"{side} is open for everybody"
        if not ports:
            yield f"{side} is open on every port"
        if any(mapping(port).get("port") is None or mapping(port).get("endPort") is not None for port in ports):
            yield f"{side} is open on a range of ports"
        for peer in map(mapping, peers):
            if not peer:
                yield f"{side} is open for everybody"
            cidr = text(at(peer, "ipBlock", "cidr"))
            if cidr:
                network = ip_network(cidr, strict=False)
                if network.prefixlen < WIDEST[network.version]:
                    yield f"{side} is open for {cidr}"


@resource_rule(
    "network-namespace",
    kinds=[POLICY],
    why="An empty selector is every namespace, and a label is whoever's who may write it.",
    remedy=f"select namespaces by {NAMESPACE_NAME}, one name at a time.",
)
def namespace(resource: Resource, settings: Settings) -> Iterator[str]:
    """Openings select namespaces by their own name, and no other tenant's."""
    for side, peers, _ in _rules(resource):
        for peer in map(mapping, peers):
            if "namespaceSelector" not in peer:
                continue
            labels = mapping(at(peer, "namespaceSelector", "matchLabels"))
            if sequence(at(peer, "namespaceSelector", "matchExpressions")) or set(labels) != {NAMESPACE_NAME}:
                yield f"{side} selects namespaces by something else than their name"
            elif text(labels[NAMESPACE_NAME]).startswith("tenant-") and labels[NAMESPACE_NAME] != resource.namespace:
                yield f"{side} is open for {shown(labels[NAMESPACE_NAME])}"


@resource_rule(
    "network-ingress",
    kinds=[POLICY],
    why="Who comes past the gateway writes the header that chooses the database.",
    remedy=f"open port {APP_PORT} (of plug-in services: `http`) to the gateway's proxies alone, by their namespace.",
)
def ingress(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant is reached by the gateway, at the application's port."""
    if resource.code is None:
        return
    proxies = settings.text("gatewayProxyNamespace")
    for side, peers, ports in _rules(resource):
        if side != "ingress":
            continue
        for peer in map(mapping, peers):
            if at(peer, "namespaceSelector", "matchLabels", NAMESPACE_NAME) != proxies:
                yield "it lets in others than the gateway"
        plugins = at(resource.props, "spec", "podSelector", "matchLabels", ROLE_LABEL) == "plugin"
        if any(mapping(port).get("port") != ("http" if plugins else APP_PORT) for port in ports):
            yield "it opens another port than the application's"


@resource_rule(
    "network-metrics",
    kinds=[POLICY],
    why="Who reaches the exporter reads the figures of all tenants, and there is no login.",
    remedy=f"open port {EXPORTER_PORT} of its pods to the namespace of tenantry:monitoringNamespace alone.",
)
def metrics(resource: Resource, settings: Settings) -> Iterator[str]:
    """The platform's NetworkPolicy is the exporter's: Prometheus' namespace reaches its metrics, and nobody else."""
    if resource.code is not None:
        return
    if mapping(at(resource.props, "spec", "podSelector", "matchLabels")) != {PART_LABEL: EXPORTER}:
        yield "it selects other pods than the exporter's"
    monitoring = settings.text("monitoringNamespace")
    for side, peers, ports in _rules(resource):
        if side != "ingress":
            continue
        for peer in map(mapping, peers):
            if at(peer, "namespaceSelector", "matchLabels", NAMESPACE_NAME) != monitoring:
                yield "it lets in others than Prometheus"
        if any(mapping(port).get("port") != EXPORTER_PORT for port in ports):
            yield "it opens another port than the metrics'"


@resource_rule(
    "network-egress",
    kinds=[POLICY],
    why="What a pod reaches, an intruder in it reaches.",
    remedy="list the destination in `egress` of this policy, or leave it out.",
)
def egress(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant, and the exporter, reach names (DNS) and the listed destinations."""
    listed = settings.texts("egress")
    if not listed:
        return
    for opening in sorted(_destinations(resource) - listed - {"kube-system:53"}):
        yield f"it reaches {opening}, which is not listed"


def _destinations(resource: Resource) -> set[str]:
    """NAMESPACE:PORT and CIDR:PORT, as `egress` in the settings has them."""
    destinations: set[str] = set()
    for side, peers, ports in _rules(resource):
        if side == "egress":
            destinations |= {
                f"{_peer(mapping(peer))}:{shown(mapping(port).get('port'))}" for peer in peers for port in ports
            }
    return destinations


def _peer(peer: Any) -> str:
    if "ipBlock" in peer:
        return text(at(peer, "ipBlock", "cidr"))
    return text(at(peer, "namespaceSelector", "matchLabels", NAMESPACE_NAME)) or "its own namespace"


@resource_rule(
    "network-service",
    kinds=[SERVICE],
    why="A node port or a load balancer passes by the gateway, and an external IP takes over traffic of others.",
    remedy="declare a ClusterIP without externalIPs, nodePort or externalName.",
)
def service(resource: Resource, settings: Settings) -> Iterator[str]:
    """Services are reached inside the cluster only, and lead to a tenant's own pods, or to the exporter."""
    spec = mapping(at(resource.props, "spec"))
    if text(spec.get("type")) not in ("", "ClusterIP"):
        yield f"it is a {shown(spec.get('type'))}"
    for key in ("externalIPs", "loadBalancerIP", "externalName", "loadBalancerSourceRanges"):
        if spec.get(key):
            yield f"it has {key}"
    if any(mapping(port).get("nodePort") for port in sequence(spec.get("ports"))):
        yield "it takes a port of the nodes"
    if boolean(spec.get("publishNotReadyAddresses")):
        yield "it leads to pods that are not ready"
    label, value = (TENANT_LABEL, resource.code) if resource.code else (PART_LABEL, EXPORTER)
    if mapping(spec.get("selector")).get(label) != value:
        yield "it does not select its own pods"


@stack_rule(
    "network-closed",
    why="Pods that no policy selects are open to everybody.",
    remedy="declare a NetworkPolicy with an empty podSelector, both directions and no rule.",
)
def closed(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """Every tenant's namespace is closed in both directions by default."""
    for code in stack.tenants:
        for space in stack.parts(code, "kubernetes:Namespace"):
            own = [resource for resource in stack.parts(code, POLICY) if resource.namespace == space.namespace]
            if not any(_closes(policy) for policy in own):
                yield Violation(code, "no NetworkPolicy closes it", space)


def _closes(resource: Resource) -> bool:
    spec = mapping(at(resource.props, "spec"))
    named = {text(direction) for direction in sequence(spec.get("policyTypes"))}
    everything = not any(mapping(spec.get("podSelector")).values())
    return everything and named == {"Ingress", "Egress"} and not any(True for _ in _rules(resource))


@stack_rule(
    "network-exporter",
    why="Pods that no policy selects are open to everybody, and the exporter asks nobody who he is.",
    remedy="declare its NetworkPolicy with it, as components/monitoring/exporter.py does.",
)
def exporter(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """The exporter's pods, where it is deployed, are closed but for what their NetworkPolicy names."""
    wanted = {PART_LABEL: EXPORTER}
    closed_pods = any(
        mapping(at(policy.props, "spec", "podSelector", "matchLabels")) == wanted
        for policy in stack.of(POLICY)
        if policy.namespace == PLATFORM_NAMESPACE
    )
    for deployment in stack.of("kubernetes:Deployment"):
        if deployment.namespace == PLATFORM_NAMESPACE and not closed_pods:
            yield Violation("platform", "no NetworkPolicy closes it", deployment)


@stack_rule(
    "network-alike",
    why="One tenant with an opening of its own is either a hole or a secret.",
    remedy="list it in the stack's `egress` for all, or exempt the tenant with a reason.",
)
def alike(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """No tenant reaches what the others do not."""
    reached: dict[str, set[str]] = {
        code: set[str]().union(*(_destinations(policy) for policy in policies))
        for code in stack.tenants
        if (policies := stack.parts(code, POLICY))
    }
    if len(reached) < 3:
        return  # of two that differ, nobody can say which is the exception
    for code, own in reached.items():
        others = [other for name, other in reached.items() if name != code]
        for opening in sorted(own - set[str]().union(*others)):
            yield Violation(code, f"it alone reaches {opening}", _first(stack.parts(code, POLICY), opening))


def _first(policies: Sequence[Resource], opening: str) -> Resource | None:
    return next((policy for policy in policies if opening in _destinations(policy)), None)
