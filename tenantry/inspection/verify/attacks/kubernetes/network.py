"""Reachability by the live NetworkPolicies: evaluated on the live pods, on one that wears no label at all, and on
those that wear what the rules look for.

No packet is sent. The embedded default has pods without a network; elsewhere the cluster's plugin enforces what is
evaluated here, which this does not show.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_network
from typing import Any, Final

from tenantry.inspection.verify.core.attack import (
    Attack,
    Attempt,
    Verdict,
    broken,
    inconclusive,
    passed,
    verdict_on_faults,
)
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.network_evaluator import Network, Peer, in_block
from tenantry.names import APP_PORT, PLUGIN_PREFIX, Names
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

DNS: Final = 53
NAME: Final = "kubernetes.io/metadata.name"
PORTS: Final = (22, 53, 80, 443, APP_PORT, 4001, 5432, 6379, 6443, 8080, 10250)
PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
LAST_PORT: Final = 65535
# Documentation ranges stand for the Internet (RFC 5737); then the clouds' metadata services, and private ranges.
OUTSIDE: Final = {
    "the Internet": "198.51.100.7",
    "the metadata service": "100.100.100.200",
    "the metadata service (link-local)": "169.254.169.254",
    "a private address": "10.200.0.9",
}


@dataclass(frozen=True, slots=True)
class Reachability:
    """One connection that gets through."""

    source: Peer
    target: Peer
    port: int
    protocol: str

    def __str__(self) -> str:
        return f"{self.source.name} reaches {self.target.name} at {self.port}/{self.protocol}"


def network(context: VerifyContext) -> Network:
    return context.cached("network", lambda: Network(context.live("/apis/networking.k8s.io/v1/networkpolicies")))


def relevant_ports(context: VerifyContext) -> tuple[int, ...]:
    """Ports enough to answer for all of them: an answer changes only where a rule's range begins or ends."""
    return context.cached("telling ports", lambda: tuple(sorted(_telling(context))))


def _telling(context: VerifyContext) -> set[int]:
    found_ports = {*PORTS, 1, LAST_PORT}
    named = [port for pods_ in context.live("/api/v1/pods") for port in _container_ports(mapping(pods_["spec"]))]
    for policy in network(context).policies:
        spec = mapping(policy.get("spec"))
        for rule in map(mapping, [*sequence(spec.get("ingress")), *sequence(spec.get("egress"))]):
            for entry in map(mapping, sequence(rule.get("ports"))):
                ends = [entry.get("port"), entry.get("endPort")]
                numbers = {end for end in ends if isinstance(end, int)} | {
                    int(port["containerPort"]) for port in named if port.get("name") in ends
                }
                found_ports |= {number + step for number in numbers for step in (-1, 0, 1)}
    return {port for port in found_ports if 1 <= port <= LAST_PORT}


def _container_ports(spec: Tree) -> list[Tree]:
    return [
        mapping(port)
        for container in sequence(spec.get("containers"))
        for port in sequence(mapping(container).get("ports"))
    ]


def spaces(context: VerifyContext) -> Mapping[str, Mapping[str, str]]:
    """Namespace -> its labels."""
    listed = [mapping(namespace["metadata"]) for namespace in context.live("/api/v1/namespaces")]
    return {str(pod["name"]): _texts(pod.get("labels")) for pod in listed}


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(text) for key, text in mapping(value).items()}


def peer(one: Tree, labels: Mapping[str, Mapping[str, str]]) -> Peer:
    """A pod on its node's own network is an address like any other: no policy holds for it."""
    metadata, spec = mapping(one["metadata"]), mapping(one["spec"])
    ports = _container_ports(spec)
    namespace = str(metadata["namespace"])
    if spec.get("hostNetwork"):
        host = str(mapping(one.get("status")).get("hostIP") or "")
        return Peer(f"{namespace}/{metadata['name']} (on its node's network)", address=host)
    return Peer(
        name=f"{namespace}/{metadata['name']}",
        namespace=namespace,
        labels=_texts(metadata.get("labels")),
        space=labels.get(namespace, {}),
        address=str(mapping(one.get("status")).get("podIP") or ""),
        ports={str(port["name"]): int(port["containerPort"]) for port in ports if "name" in port},
    )


def pods(context: VerifyContext, names: Names) -> list[Peer]:
    return context.cached(f"pods {names.code}", lambda: _pods(context, names))


def _pods(context: VerifyContext, names: Names) -> list[Peer]:
    """The tenant's live pods, one as its Deployment would make (it may sleep), and one without labels. Raises
    LookupError when the namespace is not there."""
    labels = spaces(context)
    if names.namespace not in labels:
        raise LookupError(f"there is no namespace {names.namespace}")
    live = [peer(pod, labels) for pod in context.live("/api/v1/pods") if _of(pod, names)]
    made = [
        Peer(f"{names.namespace}/(by the Deployment)", names.namespace, _template(deployment), labels[names.namespace])
        for deployment in context.live("/apis/apps/v1/deployments")
        if _of(deployment, names)
    ]
    bare = Peer(f"{names.namespace}/(without labels)", names.namespace, {}, labels[names.namespace])
    return [*live, *made, bare]


def _of(one: Tree, names: Names) -> bool:
    return mapping(one["metadata"]).get("namespace") == names.namespace


def _template(one: Tree) -> dict[str, str]:
    template = mapping(mapping(one["spec"])["template"])
    return _texts(mapping(template.get("metadata")).get("labels"))


def hypothetical_pod(context: VerifyContext, namespace: str, **labels: str) -> Peer:
    """A pod that might stand in a namespace of the platform."""
    named = {key.replace("_", "-"): value for key, value in labels.items()}
    return Peer(f"{namespace}/pod", namespace, named, spaces(context).get(namespace, {NAME: namespace}))


def reachable(context: VerifyContext, sources: list[Peer], targets: list[Peer]) -> list[Reachability]:
    """Every way from one of the sources to one of the targets."""
    at = network(context)
    return [
        Reachability(source, target, port, protocol)
        for source in sources
        for target in targets
        for port in relevant_ports(context)
        for protocol in PROTOCOLS
        if at.reaches(source, target, port, protocol)
    ]


def _tenants(context: VerifyContext) -> Iterator[Attempt]:
    for attacker, other in context.pairs(spaces=True):
        yield Attempt(attacker.code, other.code, partial(_between, context, attacker, other))


def _between(context: VerifyContext, names: Names, other: Names) -> Verdict:
    """A pod wears whatever labels its tenant likes, the other's as well."""
    own, theirs = pods(context, names), pods(context, other)
    worn = [pod.labels for pod in theirs[:1]] + selector_labels(context, other)
    like = [replace(own[0], name=f"{names.namespace}/(in others' labels)", labels=labels) for labels in worn]
    return verdict_on_faults(map(str, reachable(context, [*own, *like], theirs)[:3]))


def _strangers(context: VerifyContext, names: Names) -> list[Peer]:
    """The live pods of the namespaces that are no tenant's, in each of these one without labels and one in the labels
    that the tenant's rules look for; the tenant's own neighbour, and addresses. Tenants are asked pair by pair."""
    others = sorted(spaces(context).keys() - {names.namespace for names in context.all})
    made = [hypothetical_pod(context, space) for space in others]
    made += [
        replace(pod, name=f"{pod.namespace}/(in a rule's labels)", labels=labels)
        for pod in made
        for labels in selector_labels(context, names)
    ]
    own = spaces(context).get(names.namespace, {})
    neighbour = Peer(f"{names.namespace}/(neighbour)", names.namespace, {"a": "b"}, own)
    outside = [Peer(what, address=address) for what, address in OUTSIDE.items()]
    return [*made, *_platforms(context), neighbour, *outside, *context.cached("in blocks", lambda: _in_blocks(context))]


def selector_labels(context: VerifyContext, names: Names) -> list[dict[str, str]]:
    """Labels that would satisfy the pod selectors of the tenant's rules: anybody may wear them."""
    return [
        matching_labels(mapping(entry["podSelector"]))
        for policy in network(context).policies
        if _of(policy, names)
        for entry in _peers(policy)
        if entry.get("podSelector")
    ]


def matching_labels(selector: Tree) -> dict[str, str]:
    labels = _texts(selector.get("matchLabels"))
    for expression in map(mapping, sequence(selector.get("matchExpressions"))):
        if expression.get("operator") in ("In", "Exists"):
            labels[str(expression["key"])] = str(next(iter(sequence(expression.get("values"))), ""))
    return labels


def _peers(policy: Tree) -> Iterator[Tree]:
    spec = mapping(policy.get("spec"))
    for rule in map(mapping, sequence(spec.get("ingress"))):
        yield from map(mapping, sequence(rule.get("from")))
    for rule in map(mapping, sequence(spec.get("egress"))):
        yield from map(mapping, sequence(rule.get("to")))


def _blocks(context: VerifyContext) -> dict[str, Tree]:
    """The live ranges of addresses, each once."""
    blocks = (
        mapping(entry["ipBlock"])
        for policy in network(context).policies
        for entry in _peers(policy)
        if "ipBlock" in entry
    )
    return {json.dumps(block, sort_keys=True): block for block in blocks}


def _in_blocks(context: VerifyContext) -> list[Peer]:
    """An address in each of them."""
    made: list[Peer] = []
    for block in _blocks(context).values():
        whole = ip_network(str(block["cidr"]))
        inside = (str(address) for address in (whole[0], whole[1 % whole.num_addresses], whole[-1]))
        made += [
            Peer(f"{block['cidr']} ({address})", address=address) for address in inside if in_block(block, address)
        ][:1]
    return made


def _platforms(context: VerifyContext) -> list[Peer]:
    """The live pods that are no tenant's; of those that no rule can tell apart, one."""
    return context.cached("platform's pods", lambda: _distinct(context))


def _distinct(context: VerifyContext) -> list[Peer]:
    tenants, blocks = {names.namespace for names in context.all}, list(_blocks(context).values())
    different: dict[Any, Peer] = {}
    for pod in context.live("/api/v1/pods"):
        if mapping(pod["metadata"]).get("namespace") not in tenants:
            live = peer(pod, spaces(context))
            sort = frozenset(live.labels.items()), tuple(in_block(block, live.address) for block in blocks)
            different.setdefault((live.namespace, sort, frozenset(live.ports.items())), live)
    return list(different.values())


def _in(context: VerifyContext, names: Names) -> Verdict:
    ways = reachable(context, _strangers(context, names), pods(context, names))
    return verdict_on_faults([str(way) for way in ways if not _routed(context, names, way)][:5])


def _routed(context: VerifyContext, names: Names, way: Reachability) -> bool:
    """Tells whether it comes from the gateway and ends where routes may lead: at the application, or at a service of
    the catalogue by its own port.
    """
    if way.source.namespace != context.target.proxies or way.protocol != "TCP":
        return False
    return way.port == APP_PORT or any(
        way.target.name.startswith(f"{names.namespace}/{PLUGIN_PREFIX}{name}-") and way.port == port
        for name, port in context.target.plugins.items()
    )


def _allowed(context: VerifyContext, way: Reachability) -> bool:
    """Tells whether what was found is one of the installation's openings, or asks for names."""
    if way.target.namespace == "kube-system" and way.target.labels.get("k8s-app") == "kube-dns" and way.port == DNS:
        return way.protocol in ("TCP", "UDP")
    return way.protocol == "TCP" and any(
        port == way.port
        and (in_block({"cidr": where}, way.target.address) if "/" in where else way.target.namespace == where)
        for where, port in context.target.openings
    )


def _out(context: VerifyContext, names: Names) -> Verdict:
    ways = reachable(context, pods(context, names), _strangers(context, names))
    return verdict_on_faults([str(way) for way in ways if not _allowed(context, way)][:5])


def _needed(context: VerifyContext, names: Names) -> Verdict:
    """The gateway reaches the application; it reaches names and the installation's openings."""
    app = [pod for pod in pods(context, names) if "(by the Deployment)" in pod.name]
    if not app:
        return inconclusive("no Deployment")
    at, dns = network(context), hypothetical_pod(context, "kube-system", k8s_app="kube-dns")
    missing = (
        []
        if at.reaches(hypothetical_pod(context, context.target.proxies), app[0], APP_PORT)
        else ["gateway to application"]
    )
    missing += [f"names by {way}" for way in ("UDP", "TCP") if not at.reaches(app[0], dns, DNS, way)]
    for where, port in context.target.openings:
        target = Peer(where, address=where.partition("/")[0]) if "/" in where else hypothetical_pod(context, where)
        missing += [] if at.reaches(app[0], target, port) else [f"{where}:{port}"]
    return broken(f"no way: {', '.join(missing)}") if missing else passed()


def matrix(context: VerifyContext) -> list[str]:
    """All that gets through from, to and between the chosen tenants' applications."""
    at, lines = network(context), list[str]()
    places = [
        hypothetical_pod(context, space)
        for space in sorted(spaces(context).keys() - {names.namespace for names in context.all})
    ]
    dns = hypothetical_pod(context, "kube-system", k8s_app="kube-dns")
    outside = [Peer(what, address=address) for what, address in OUTSIDE.items()]
    outside += [Peer(where, address=where.partition("/")[0]) for where, _ in context.target.openings if "/" in where]
    apps = [pod for names in context.with_namespace for pod in pods(context, names) if "(by the" in pod.name]
    for source in (*apps, *places, *outside):
        for target in (*apps, *places, dns, *outside):
            if (source in apps) == (target in apps) and source not in apps:
                continue
            open_ = [f"{p}/{way}" for p in PORTS for way in PROTOCOLS if at.reaches(source, target, p, way)]
            lines += [f"{_short(source)} -> {_short(target)}: {', '.join(open_)}"] if open_ else []
    return lines


def _short(peer: Peer) -> str:
    suffix = " (kube-dns)" if "k8s-app" in peer.labels else ""
    return (peer.namespace or peer.name) + suffix


def _each(judge: Callable[[VerifyContext, Names], Verdict]) -> Callable[[VerifyContext], Iterator[Attempt]]:
    return lambda context: (Attempt("", names.code, partial(judge, context, names)) for names in context.with_namespace)


ATTACKS: Final = (
    Attack("network.tenants", "default deny, both ways", "evaluated: any pod of one to any pod of another", _tenants),
    Attack("network.in", "default deny, ingress", "evaluated: any other pod or address to the tenant", _each(_in)),
    Attack("network.out", "default deny, egress", "evaluated: the tenant to any other pod or address", _each(_out)),
    Attack("network.own", "the few openings", "evaluated: gateway in; names and openings out", _each(_needed)),
)
