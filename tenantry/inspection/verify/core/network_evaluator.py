"""NetworkPolicies as Kubernetes defines them, evaluated on labels and addresses: who may talk to whom.

The rules (networking.k8s.io/v1): a pod that no policy of a direction selects is open in that direction; one that is
selected may only what some rule of some selecting policy allows; a connection needs both ends. An empty selector
selects everything, an absent list of peers or ports allows all of them, an empty list of rules allows nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Any, Final

from tenantry.parsing.json_narrowing import Tree, mapping, sequence

INGRESS: Final = "Ingress"
EGRESS: Final = "Egress"
_RULES: Final = {INGRESS: ("ingress", "from"), EGRESS: ("egress", "to")}


@dataclass(frozen=True, slots=True)
class Peer:
    """A pod, or with an empty namespace an address outside of the cluster."""

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    space: Mapping[str, str] = field(default_factory=dict[str, str])  # its namespace's labels
    address: str = ""
    ports: Mapping[str, int] = field(default_factory=dict[str, int])  # of its containers, by name

    @property
    def is_pod(self) -> bool:
        return bool(self.namespace)


@dataclass(frozen=True)
class Network:
    """All NetworkPolicies of a cluster."""

    policies: Sequence[Tree]

    @cached_property
    def _of(self) -> Mapping[str, Sequence[Tree]]:
        """Those of each namespace."""
        spaces: dict[str, list[Tree]] = {}
        for policy in self.policies:
            spaces.setdefault(str(mapping(policy.get("metadata")).get("namespace")), []).append(policy)
        return spaces

    def reaches(self, source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
        """Tells whether both ends let a connection through. What is no pod has no policy of its own."""
        return self._lets(EGRESS, source, target, port, protocol, target) and self._lets(
            INGRESS, target, source, port, protocol, target
        )

    def _lets(self, way: str, pod: Peer, other: Peer, port: int, protocol: str, target: Peer) -> bool:
        selecting = [policy for policy in self.selecting(pod) if way in types_of(policy)] if pod.is_pod else []
        if not selecting:
            return True
        return any(
            _peers_match(rule.get(_RULES[way][1]), other, pod.namespace)
            and _ports_match(rule.get("ports"), port, protocol, target)
            for policy in selecting
            for rule in map(mapping, sequence(mapping(policy.get("spec")).get(_RULES[way][0])))
        )

    def selecting(self, pod: Peer) -> Iterator[Tree]:
        for policy in self._of.get(pod.namespace, ()):
            if selects(mapping(policy.get("spec")).get("podSelector"), pod.labels):
                yield policy


def types_of(policy: Tree) -> list[str]:
    """The policy's types; without any Ingress, and Egress where the policy has rules for it."""
    spec = mapping(policy.get("spec"))
    said = [str(direction) for direction in sequence(spec.get("policyTypes"))]
    return said or [INGRESS, *([EGRESS] if sequence(spec.get("egress")) else [])]


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """A label selector; an empty one selects everything. Raises ValueError for an operator it does not know."""
    document = mapping(selector)
    wanted = mapping(document.get("matchLabels"))
    return all(labels.get(name) == value for name, value in wanted.items()) and all(
        _holds(mapping(expression), labels) for expression in sequence(document.get("matchExpressions"))
    )


def _holds(expression: Tree, labels: Mapping[str, str]) -> bool:
    key, values = str(expression["key"]), sequence(expression.get("values"))
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case other:
            raise ValueError(f"no operator of a label selector: {other}")


def _peers_match(peers: Any, other: Peer, home: str) -> bool:
    listed = sequence(peers)
    return not listed or any(_peer_matches(mapping(peer), other, home) for peer in listed)


def _peer_matches(peer: Tree, other: Peer, home: str) -> bool:
    """Without a namespaceSelector the policy's own namespace is meant; an ipBlock goes by the address alone."""
    if "ipBlock" in peer:
        return in_block(mapping(peer["ipBlock"]), other.address)
    if not other.is_pod:
        return False
    if "namespaceSelector" in peer and peer["namespaceSelector"] is not None:
        place = selects(peer["namespaceSelector"], other.space)
    else:
        place = other.namespace == home
    return place and selects(peer.get("podSelector"), other.labels)


def in_block(block: Tree, address: str) -> bool:
    if not address:
        return False
    one = ip_address(address)
    return one in ip_network(str(block["cidr"])) and not any(
        one in ip_network(str(hole)) for hole in sequence(block.get("except"))
    )


def _ports_match(ports: Any, port: int, protocol: str, target: Peer) -> bool:
    listed = [mapping(port) for port in sequence(ports)]
    return not listed or any(_port_matches(peer, port, protocol, target) for peer in listed)


def _port_matches(one: Tree, port: int, protocol: str, target: Peer) -> bool:
    if str(one.get("protocol") or "TCP") != protocol:
        return False
    said = one.get("port")
    if said is None:
        return True
    first = target.ports.get(said) if isinstance(said, str) else int(said)
    return first is not None and first <= port <= int(one.get("endPort") or first)
