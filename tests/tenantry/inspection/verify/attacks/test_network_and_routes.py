"""The live network and the live routes of two tenants, made up here, as the attacks judge them."""

from copy import deepcopy
from dataclasses import replace
from typing import Any, cast

import pytest

from components.manifests.http_route import NOTICE_KIND, body, closed
from components.manifests.network_policy import allow_gateway_and_egress, deny_all
from components.shared.installation import EgressRule, Gateway
from tenantry.inspection.verify.attacks.kubernetes import gateway, network
from tenantry.inspection.verify.core.attack import State
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.declared import Declared, Thing
from tenantry.inspection.verify.core.target import Keys, VerifyTarget
from tenantry.model.lifecycle import Phase
from tenantry.names import names_of

Json = dict[str, Any]
K1, K2 = names_of("k001", "13800138001"), names_of("k002", "13800138002")
GATEWAY = Gateway("tenantry-gateway", "tenants", "192.0.2.10", proxies="envoy-gateway-system")
POLICIES = "/apis/networking.k8s.io/v1/networkpolicies"
# The gateway itself, the slices of addresses, AliDNS (test_live.py).
NEEDING_MORE = ("host.gateway", "host.endpoints", "host.records")
OPENINGS = (EgressRule("tenantry-platform", 4001),)


def verify_target() -> VerifyTarget:
    return VerifyTarget(
        stack="test",
        zone="yyup.cc",
        account="1",
        tenants={names.code: (names, Phase.ACTIVE) for names in (K1, K2)},
        gateway=(GATEWAY.namespace, GATEWAY.name),
        proxies=GATEWAY.proxies,
        buckets={},
        issuer="https://kubernetes.default.svc",
        audience="sts.aliyuncs.com",
        openings=tuple((str(opening.peer), opening.port) for opening in OPENINGS),
        postgresql=("", 0, ""),
        kubeconfig={},
        provisioner=Keys("", ""),
        proxy=None,
    )


def live() -> Json:
    """The live objects, as the components declare them."""
    spaces = {"kube-system": {}, "tenantry-platform": {}, "default": {}, GATEWAY.namespace: {}, GATEWAY.proxies: {}}
    spaces |= {names.namespace: {"tenantry.io/tenant": names.code} for names in (K1, K2)}
    labels = {name: {"kubernetes.io/metadata.name": name, **more} for name, more in spaces.items()}
    named = {names: {"app.kubernetes.io/name": "business-app", "tenantry.io/tenant": names.code} for names in (K1, K2)}
    return {
        "/api/v1/namespaces": [{"metadata": {"name": name, "labels": told}} for name, told in labels.items()],
        "/api/v1/pods": [],
        "/apis/apps/v1/deployments": [
            {
                "metadata": {"name": "business-app", "namespace": name.namespace},
                "spec": {"template": {"metadata": {"labels": told}}},
            }
            for name, told in named.items()
        ],
        POLICIES: [
            {"metadata": {"name": name, "namespace": names.namespace}, "spec": spec}
            for names in (K1, K2)
            for name, spec in (
                ("closed", deny_all()),
                ("openings", allow_gateway_and_egress(names.code, GATEWAY, OPENINGS)),
            )
        ],
        gateway.ROUTES: [
            {"metadata": {"name": "business-app", "namespace": names.namespace}, "spec": body(names, GATEWAY)}
            for names in (K1, K2)
        ],
    }


def bad(objects: Json, *modules: Any, at: VerifyTarget | None = None) -> set[str]:
    """The attacks that are not held."""
    context = VerifyContext(at or verify_target(), frozenset({"k001", "k002"}))
    cast(Any, context)._kept.update(objects)
    attacks = [attack for module in modules for attack in module.ATTACKS if attack.id not in NEEDING_MORE]
    return {attack.id for attack in attacks for trial in attack.trials(context) if trial.run().state is not State.HELD}


def shut(phase: Phase) -> VerifyTarget:
    """The first tenant does not run, and has a notice."""
    filter_ = Thing("gateway.envoyproxy.io/v1alpha1", NOTICE_KIND, "notice", K1.namespace)
    tenants = {"k001": (K1, phase), "k002": (K2, Phase.ACTIVE)}
    return replace(verify_target(), tenants=tenants, declared=Declared(things={K1.namespace: [filter_]}))


@pytest.mark.parametrize("phase", [Phase.SUSPENDED, Phase.ASLEEP])
def test_who_does_not_run_is_led_to_by_no_route(phase: Phase) -> None:
    objects = live()
    assert bad(objects, gateway, at=shut(phase)) == {"host.closed"}
    objects[gateway.ROUTES][0]["spec"] = closed(objects[gateway.ROUTES][0]["spec"])
    assert bad(objects, gateway, at=shut(phase)) == set()
    assert bad(objects, gateway) == {"host.own"}  # of one that runs


def test_what_the_components_declare_holds() -> None:
    assert bad(live(), network, gateway) == set()


def _pod(one: Any, labels: Json, **spec: Any) -> Json:
    port = {"name": "odd", "containerPort": 7777}
    return {
        "metadata": {"name": "live", "namespace": one.namespace, "labels": labels},
        "spec": {"containers": [{"ports": [port]}], **spec},
        "status": {"podIP": "10.0.0.1", "hostIP": "192.0.2.77"},
    }


@pytest.mark.parametrize(
    "port", [{"port": 9999}, {"port": 20000, "endPort": 20002}, {"protocol": "SCTP"}, {"port": "odd"}]
)
def test_a_port_that_nobody_thought_of_is_seen(port: Json) -> None:
    objects = live()
    objects["/api/v1/pods"] = [_pod(K1, {"app": "odd"})]
    door = {"podSelector": {}, "ingress": [{"ports": [{"protocol": "TCP", **port}]}], "policyTypes": ["Ingress"]}
    objects[POLICIES].append({"metadata": {"name": "door", "namespace": K1.namespace}, "spec": door})
    assert bad(objects, network) == {"network.in"}


def test_a_pod_that_wears_anothers_labels_is_seen() -> None:
    objects = live()
    likeness = {"matchLabels": {"app.kubernetes.io/name": "business-app", "tenantry.io/tenant": "k001"}}
    peer = {"podSelector": likeness, "namespaceSelector": {}}
    for names in (K1, K2):
        for way, side in (("ingress", "from"), ("egress", "to")):
            spec = {"podSelector": {}, way: [{side: [peer]}], "policyTypes": [way.capitalize()]}
            objects[POLICIES].append({"metadata": {"name": way, "namespace": names.namespace}, "spec": spec})
    assert "network.tenants" in bad(objects, network)


@pytest.mark.parametrize(
    ("way", "peer", "attack"),
    [
        ("ingress", {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "spy"}}}, "network.in"),
        ("ingress", {"ipBlock": {"cidr": "203.0.113.0/28"}}, "network.in"),
        ("egress", {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "spy"}}}, "network.out"),
        ("egress", {"ipBlock": {"cidr": "203.0.113.0/28", "except": ["203.0.113.0/32"]}}, "network.out"),
        (
            "egress",
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}},
                "podSelector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["db"]}]},
            },
            "network.out",
        ),
    ],
)
def test_an_opening_for_whoever_wears_or_has_something_is_seen(way: str, peer: Json, attack: str) -> None:
    objects = live()
    side = "from" if way == "ingress" else "to"
    door = {"podSelector": {}, way: [{side: [peer]}], "policyTypes": [way.capitalize()]}
    objects[POLICIES].append({"metadata": {"name": "door", "namespace": K1.namespace}, "spec": door})
    assert attack in bad(objects, network)


def test_an_opening_at_another_port_is_seen() -> None:
    objects = live()
    space = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tenantry-platform"}}}
    door = {"podSelector": {}, "egress": [{"to": [space], "ports": [{"port": 5432}]}], "policyTypes": ["Egress"]}
    objects[POLICIES].append({"metadata": {"name": "door", "namespace": K1.namespace}, "spec": door})
    assert bad(objects, network) == {"network.out"}


def test_an_opening_for_a_live_pod_of_the_platform_is_seen() -> None:
    objects = live()
    objects["/api/v1/pods"] = [
        {
            "metadata": {"name": "spy", "namespace": "default", "labels": {"app": "spy", "tier": "x"}},
            "spec": {"containers": []},
            "status": {"podIP": "10.9.0.1"},
        }
    ]
    likeness = {
        "matchExpressions": [
            {"key": "tier", "operator": "NotIn", "values": ["y"]},
            {"key": "app", "operator": "Exists"},
        ]
    }
    peer = {"podSelector": likeness, "namespaceSelector": {}}
    door = {"podSelector": {}, "ingress": [{"from": [peer]}], "policyTypes": ["Ingress"]}
    objects[POLICIES].append({"metadata": {"name": "door", "namespace": K1.namespace}, "spec": door})
    assert "network.in" in bad(objects, network)


def test_a_pod_on_its_nodes_network_is_behind_no_policy() -> None:
    objects = live()
    objects["/api/v1/pods"] = [_pod(K1, {}, hostNetwork=True)]
    assert {"network.in", "network.out"} <= bad(objects, network)


@pytest.mark.parametrize(
    ("name", "spec", "attacks"),
    [
        ("closed", None, {"network.in", "network.out"}),
        ("openings", None, {"network.own"}),
        ("closed", {"podSelector": {}, "policyTypes": ["Ingress"]}, {"network.out"}),
        ("closed", {"podSelector": {}, "policyTypes": ["Egress"]}, {"network.in"}),
        ("closed", {"podSelector": {}, "ingress": [{}], "policyTypes": ["Ingress", "Egress"]}, {"network.in"}),
        (
            "closed",
            {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}]}], "policyTypes": ["Ingress", "Egress"]},
            {"network.in"},
        ),
        (
            "closed",
            {"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]},
            {"network.out"},
        ),
    ],
)  # fmt: skip
def test_a_policy_that_is_gone_or_wider_is_seen(name: str, spec: Json | None, attacks: set[str]) -> None:
    objects = live()
    mine = [policy for policy in objects[POLICIES] if policy["metadata"] == {"name": name, "namespace": K1.namespace}]
    if spec is None:
        objects[POLICIES].remove(mine[0])
    else:
        mine[0]["spec"] = spec
    assert bad(objects, network) == attacks


def test_the_gateways_own_namespace_is_a_stranger_where_its_proxies_run_elsewhere() -> None:
    objects = live()
    own = allow_gateway_and_egress("k001", replace(GATEWAY, proxies=GATEWAY.namespace), OPENINGS)
    objects[POLICIES].append({"metadata": {"name": "own", "namespace": K1.namespace}, "spec": own})
    assert bad(objects, network) == {"network.in"}


def test_proxies_that_do_not_get_in_are_seen() -> None:
    objects = live()
    for policy in objects[POLICIES]:
        if policy["metadata"]["name"] == "openings":
            del policy["spec"]["ingress"]
    assert bad(objects, network) == {"network.own"}


def test_two_tenants_that_both_stand_open_reach_each_other() -> None:
    objects = live()
    objects[POLICIES] = []
    assert bad(objects, network) == {"network.tenants", "network.in", "network.out"}


def test_the_matrix_says_every_way_and_no_other() -> None:
    context = VerifyContext(verify_target(), frozenset({"k001"}))
    cast(Any, context)._kept.update(live())
    assert network.matrix(context) == [
        "tenant-k001 -> tenantry-platform: 4001/TCP",
        "tenant-k001 -> kube-system (kube-dns): 53/TCP, 53/UDP",
        "envoy-gateway-system -> tenant-k001: 3000/TCP",
    ]


def rule(objects: Json) -> Json:
    return objects[gateway.ROUTES][0]["spec"]["rules"][0]


def modifier(**how: Any) -> Json:
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": how}


K001 = {"name": "X-Tenant-Code", "value": "k001"}


@pytest.mark.parametrize(
    "filters",
    [
        [],
        [modifier(add=[K001])],
        [modifier(set=[K001 | {"value": "k002"}])],
        [modifier(set=[K001], add=[K001 | {"name": "x-tenant-code", "value": "k002"}])],
        [modifier(set=[K001]), modifier(remove=["X-TENANT-CODE"])],
    ],
)
def test_a_header_that_a_client_could_choose_is_seen(filters: list[Json]) -> None:
    objects = live()
    rule(objects)["filters"] = filters
    assert bad(objects, gateway) == {"host.forged"}


def test_a_header_changed_behind_the_rule_is_seen() -> None:
    objects = live()
    rule(objects)["backendRefs"][0]["filters"] = [modifier(set=[K001 | {"value": "k002"}])]
    assert bad(objects, gateway) == {"host.forged"}


@pytest.mark.parametrize("hosts", [["k001.yyup.cc"], ["*.yyup.cc"], []])
def test_a_second_route_for_the_host_is_seen(hosts: list[str]) -> None:
    objects = live()
    second = deepcopy(objects[gateway.ROUTES][1])
    second["metadata"]["name"], second["spec"]["hostnames"] = "second", hosts
    objects[gateway.ROUTES].append(second)
    assert bad(objects, gateway) >= {"host.taken", "host.forged"}


def test_a_host_without_a_route_is_seen() -> None:
    objects = live()
    del objects[gateway.ROUTES][0]
    assert bad(objects, gateway) == {"host.own"}
