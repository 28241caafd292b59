"""NetworkPolicies evaluated as Kubernetes' documentation defines them, case by case."""

from typing import Any

import pytest

from tenantry.inspection.verify.core.network_evaluator import Network, Peer, selects, types_of

Json = dict[str, Any]
A = Peer("a/app", "a", {"app": "x"}, {"name": "a"}, "10.0.0.1", {"http": 3000})
A2 = Peer("a/other", "a", {"app": "y"}, {"name": "a"}, "10.0.0.2")
B = Peer("b/app", "b", {"app": "x"}, {"name": "b"}, "10.1.0.1", {"http": 3000})
OUTSIDE = Peer("outside", address="198.51.100.7")


def policy(namespace: str = "a", **spec: Any) -> Json:
    return {"metadata": {"name": "p", "namespace": namespace}, "spec": {"podSelector": {}, **spec}}


def reaches(source: Peer, target: Peer, *policies: Json, port: int = 3000, protocol: str = "TCP") -> bool:
    return Network(policies).reaches(source, target, port, protocol)


def test_without_a_policy_everything_is_open() -> None:
    assert reaches(B, A)
    assert reaches(A, OUTSIDE)


def test_a_policy_without_rules_closes_its_namespace_and_no_other() -> None:
    closed = policy(policyTypes=["Ingress", "Egress"])
    assert not reaches(B, A, closed)
    assert not reaches(A, B, closed)
    assert not reaches(A2, A, closed)
    assert not reaches(OUTSIDE, A, closed)
    assert reaches(OUTSIDE, B, closed)


@pytest.mark.parametrize(
    ("spec", "into", "out"),
    [
        ({"policyTypes": ["Ingress"]}, False, True),
        ({"policyTypes": ["Egress"]}, True, False),
        ({}, False, True),  # Ingress is meant when nothing is said
        ({"egress": []}, False, True),
        ({"egress": [{"to": [{"podSelector": {}}]}]}, False, False),  # and Egress where there are rules for it
        ({"policyTypes": ["Egress"], "ingress": [{}]}, True, False),
    ],
)
def test_policy_types(spec: Json, into: bool, out: bool) -> None:
    assert reaches(B, A, policy(**spec)) is into
    assert reaches(A, B, policy(**spec)) is out


def test_types_as_said_or_by_the_rules() -> None:
    assert types_of(policy()) == ["Ingress"]
    assert types_of(policy(egress=[{}])) == ["Ingress", "Egress"]
    assert types_of(policy(egress=[{}], policyTypes=["Ingress"])) == ["Ingress"]


def test_an_empty_rule_allows_everything() -> None:
    assert reaches(OUTSIDE, A, policy(ingress=[{}]))
    assert reaches(B, A, policy(ingress=[{}]), port=1, protocol="UDP")


def test_policies_add_up_and_a_pod_that_none_selects_stays_open() -> None:
    closed = policy(podSelector={"matchLabels": {"app": "x"}})
    opened = policy(podSelector={"matchLabels": {"app": "x"}}, ingress=[{"ports": [{"port": 80}]}])
    assert not reaches(B, A, closed)
    assert reaches(B, A, closed, opened, port=80)
    assert not reaches(B, A, closed, opened, port=81)
    assert reaches(B, A2, closed)


def test_both_ends_must_agree() -> None:
    way_in = policy("b", ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"name": "a"}}}]}])
    assert reaches(A, B, way_in)
    assert not reaches(A, B, way_in, policy(policyTypes=["Egress"]))
    assert reaches(A, B, way_in, policy(policyTypes=["Egress"], egress=[{}]))


@pytest.mark.parametrize(
    ("peer", "source", "held"),
    [
        ({"podSelector": {}}, A2, True),
        ({"podSelector": {}}, B, False),  # of the policy's own namespace
        ({"podSelector": {"matchLabels": {"app": "z"}}}, A2, False),
        ({"namespaceSelector": {}}, B, True),  # every namespace
        ({"namespaceSelector": {}}, OUTSIDE, False),  # but no address outside
        ({"namespaceSelector": {"matchLabels": {"name": "b"}}}, B, True),
        ({"namespaceSelector": {"matchLabels": {"name": "c"}}}, B, False),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "x"}}}, B, True),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "y"}}}, B, False),
        ({"ipBlock": {"cidr": "198.51.100.0/24"}}, OUTSIDE, True),
        ({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["198.51.100.0/24"]}}, OUTSIDE, False),
        ({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["198.51.100.0/29"]}}, OUTSIDE, False),
        ({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["198.51.100.8/29"]}}, OUTSIDE, True),
        ({"ipBlock": {"cidr": "10.1.0.0/16"}}, B, True),
        ({"ipBlock": {"cidr": "::/0"}}, OUTSIDE, False),
    ],
)
def test_peers(peer: Json, source: Peer, held: bool) -> None:
    assert reaches(source, A, policy(ingress=[{"from": [peer]}])) is held


def test_two_peers_are_either_of_them() -> None:
    listed = [{"podSelector": {}}, {"namespaceSelector": {"matchLabels": {"name": "b"}}}]
    assert reaches(B, A, policy(ingress=[{"from": listed}]))
    assert reaches(A2, A, policy(ingress=[{"from": listed}]))


@pytest.mark.parametrize(
    ("ports", "port", "protocol", "held"),
    [
        ([{"port": 3000}], 3000, "TCP", True),
        ([{"port": 3000}], 3000, "UDP", False),  # TCP is meant
        ([{"port": 53, "protocol": "UDP"}], 53, "UDP", True),
        ([{"protocol": "TCP"}], 9, "TCP", True),
        ([{"port": "http"}], 3000, "TCP", True),  # by the name of the target's port
        ([{"port": "http"}], 80, "TCP", False),
        ([{"port": "metrics"}], 3000, "TCP", False),
        ([{"port": 3000, "endPort": 3002}], 3002, "TCP", True),
        ([{"port": 3000, "endPort": 3002}], 3003, "TCP", False),
        ([{"port": 1}, {"port": 2}], 2, "TCP", True),
        ([], 9, "UDP", True),
    ],
)
def test_ports(ports: list[Json], port: int, protocol: str, held: bool) -> None:
    assert reaches(B, A, policy(ingress=[{"ports": ports}]), port=port, protocol=protocol) is held


def test_a_port_by_name_is_the_targets_on_the_way_out() -> None:
    out = policy(policyTypes=["Egress"], egress=[{"ports": [{"port": "http"}]}])
    assert reaches(A, B, out)
    assert not reaches(A2, OUTSIDE, policy(policyTypes=["Egress"], egress=[{"ports": [{"port": "http"}]}]))


@pytest.mark.parametrize(
    ("selector", "held"),
    [
        ({}, True),
        (None, True),
        ({"matchLabels": {"app": "x"}}, True),
        ({"matchLabels": {"app": "x", "b": "c"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "y"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["x"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"app": "x"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
    ],
)
def test_selectors(selector: Any, held: bool) -> None:
    assert selects(selector, {"app": "x"}) is held


def test_an_operator_that_there_is_not_is_no_match_by_silence() -> None:
    with pytest.raises(ValueError, match="Near"):
        selects({"matchExpressions": [{"key": "app", "operator": "Near"}]}, {"app": "x"})
