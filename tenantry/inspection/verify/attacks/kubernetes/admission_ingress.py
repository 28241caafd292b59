"""Attacks on the guard rails at the API server, by the stranger: each sentence of each rail, as dry runs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tenantry.engine.clients.kubernetes import Answer, Kube
from tenantry.inspection.verify.core.admission_tester import privileged_tester
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, passed
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.denials import by_admission_policy, refused_by
from tenantry.inspection.verify.core.manifests import (
    GATEWAY_API,
    Json,
    changed,
    image,
    manifest,
    modifier,
    path,
    pod,
    route,
)
from tenantry.names import SERVICE_ACCOUNT, TENANT_HEADER, Names

Ask = Callable[[Kube], Answer]
Tries = Callable[[VerifyContext, Names], Mapping[str, Ask]]
NET: Final = "networking.k8s.io/v1"
OWN_DOMAIN: Final = "a route is for the tenant's own domain"
PLURALS: Final = {"Endpoints": "endpoints", "Ingress": "ingresses", "NetworkPolicy": "networkpolicies"}


def makes(names: Names, body: Json) -> Ask:
    kind = str(body["kind"])
    where = path(names, body["apiVersion"], PLURALS.get(kind, f"{kind.lower()}s"))
    return lambda kube: kube.ask("POST", where, body)


def patches(where: str, patch: Json) -> Ask:
    return lambda kube: kube.ask("PATCH", where, patch)


def removes(where: str) -> Ask:
    return lambda kube: kube.ask("DELETE", where)


def connects(where: str) -> Ask:
    return lambda kube: kube.ask("POST", where, dry=False)


def rail(name: str, tries: Tries) -> Callable[[VerifyContext], Iterator[Attempt]]:
    """Held when that rail says no."""

    def trials(context: VerifyContext) -> Iterator[Attempt]:
        for names in context.with_namespace:
            for what, ask in tries(context, names).items():
                yield Attempt("", f"{names.code} {what}", _held(context, ask, name))

    return trials


def _held(context: VerifyContext, ask: Ask, rail: str, sentence: str = "") -> Callable[[], Verdict]:
    return lambda: refused_by([by_admission_policy(rail, sentence)], ask(privileged_tester(context)))


def lazily(make: Callable[[], Ask]) -> Ask:
    """For what must first look at the stack: preparing asks nothing."""
    return lambda kube: make()(kube)


def _routes(context: VerifyContext, names: Names) -> dict[str, Ask]:
    zone, other = context.target.zone, next((tenant for tenant in context.all if tenant != names), names)
    small = TENANT_HEADER.lower()
    mirror = {"backendRef": {"name": SERVICE_ACCOUNT, "namespace": other.namespace, "port": 3000}}
    theirs = [{"name": SERVICE_ACCOUNT, "namespace": other.namespace, "port": 3000}]
    good = route(context, names)
    bodies = {
        "every host": route(context, names, f"*.{zone}"),
        "host below": route(context, names, f"a.{names.domain}"),
        "platform's host": route(context, names, f"rent.{zone}"),
        "no host": changed(good, hostnames=[]),
        "own gateway": changed(good, parentRefs=[{"name": context.target.gateway[1]}]),
        "other gateway": changed(good, parentRefs=[{"name": "mine", "namespace": context.target.gateway[0]}]),
        "no header": route(context, names, filters=[]),
        "another's header": route(context, names, filters=[modifier("k000")]),
        "header added": route(context, names, filters=[modifier(names.code, add=[{"name": small, "value": "k000"}])]),
        "header removed": route(context, names, filters=[modifier(names.code, remove=[small])]),
        "header behind": route(
            context,
            names,
            backendRefs=[{"name": SERVICE_ACCOUNT, "port": 3000, "filters": [modifier("k000")]}],
        ),
        "copied requests": route(
            context, names, filters=[modifier(names.code), {"type": "RequestMirror", "requestMirror": mirror}]
        ),
        "another's Service": route(context, names, backendRefs=theirs),
    }
    return {what: makes(names, body) for what, body in bodies.items()}


def _stolen(context: VerifyContext) -> Iterator[Attempt]:
    """A second route for another's host, in the attacker's namespace: every pair."""
    for attacker, other in context.pairs(spaces=True):
        ask = makes(attacker, route(context, attacker, other.domain))
        yield Attempt(attacker.code, other.code, _held(context, ask, "tenantry-routes", OWN_DOMAIN))
        # Beside the own host, and with the own header set on it.
        both = makes(attacker, route(context, attacker, attacker.domain, other.domain))
        yield Attempt(
            attacker.code, f"{other.code} beside its own", _held(context, both, "tenantry-routes", OWN_DOMAIN)
        )


def _forged(context: VerifyContext) -> Iterator[Attempt]:
    for attacker, other in context.pairs(spaces=True):
        ask = makes(attacker, route(context, attacker, filters=[modifier(other.code)]))
        yield Attempt(attacker.code, other.code, _held(context, ask, "tenantry-routes"))


def _entrances(context: VerifyContext, names: Names) -> dict[str, Ask]:
    listener = {"name": "l", "port": 80, "protocol": "HTTP"}
    address = {"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 1}]}
    gateway = {"gatewayClassName": "a", "listeners": [listener]}
    return {
        "Ingress": makes(names, manifest(NET, "Ingress", spec={"rules": [{"host": names.domain}]})),
        "Gateway": makes(names, manifest(GATEWAY_API, "Gateway", spec=gateway)),
        "GRPCRoute": makes(names, manifest(GATEWAY_API, "GRPCRoute", spec={"hostnames": [names.domain]})),
        "Endpoints": makes(names, manifest("v1", "Endpoints", subsets=[address])),
        "EndpointSlice": makes(
            names,
            manifest(
                "discovery.k8s.io/v1", "EndpointSlice", addressType="IPv4", endpoints=[{"addresses": ["10.1.1.1"]}]
            ),
        ),
    }


def _services(context: VerifyContext, names: Names) -> dict[str, Ask]:
    ports = [{"port": 80}]
    specs: dict[str, Any] = {
        "NodePort": {"type": "NodePort"},
        "LoadBalancer": {"type": "LoadBalancer"},
        "ExternalName": {"type": "ExternalName", "externalName": "postgres.internal"},
        "externalIPs": {"externalIPs": ["192.0.2.1"]},
    }
    return {
        what: makes(names, manifest("v1", "Service", spec={"ports": ports, **spec})) for what, spec in specs.items()
    }


def _connections(context: VerifyContext, names: Names) -> dict[str, Ask]:
    tries = {way: connects(path(names, "v1", "pods", f"a/{way}")) for way in ("exec", "attach", "portforward", "proxy")}
    return {**tries, "service proxy": connects(path(names, "v1", "services", f"{SERVICE_ACCOUNT}/proxy"))}


def _pods(context: VerifyContext, names: Names) -> dict[str, Ask]:
    def token(audience: str) -> Json:
        return {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": audience}}]}}

    bodies: dict[str, Callable[[], Json]] = {
        "image from elsewhere": lambda: pod(context, names, {"image": "evil.example.com/a:1"}),
        "image that moves": lambda: pod(
            context, names, {"image": f"{image(context, names).partition('@')[0].rpartition(':')[0]}:latest"}
        ),
        "init container from elsewhere": lambda: _with_init(context, names),
        "image of the node": lambda: pod(context, names, {"imagePullPolicy": "IfNotPresent"}),
        "a claim": lambda: pod(context, names, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "x"}}]),
        "mounted token": lambda: pod(context, names, automountServiceAccountToken=True),
        "token for the API": lambda: pod(context, names, volumes=[token("https://kubernetes.default.svc")]),
        "token for nobody": lambda: pod(context, names, volumes=[token("")]),
        "every taint": lambda: pod(context, names, tolerations=[{"operator": "Exists"}]),
        "a node of its choice": lambda: pod(context, names, nodeName="node-1"),
        "a user of the node": lambda: pod(context, names, securityContext={"runAsUser": 1000, "runAsGroup": 1000}),
        "a group of the node": lambda: pod(context, names, {"securityContext": {"runAsGroup": 0}}),
    }
    return {what: lazily(lambda make=make: makes(names, make())) for what, make in bodies.items()}


def _with_init(context: VerifyContext, names: Names) -> Json:
    body = pod(context, names)
    first = {**body["spec"]["containers"][0], "name": "i", "image": "evil.example.com/a:1"}
    return changed(body, initContainers=[first])


def _allowed(context: VerifyContext) -> Iterator[Attempt]:
    """The rails let good things through: a denial of everything would pass for safety.

    The quota is asked after the rails, and a tenant may have used all of it.
    """
    for names in context.with_namespace:
        tries = {
            "route": makes(names, route(context, names)),
            "Service": makes(names, manifest("v1", "Service", spec={"ports": [{"port": 80}]})),
            "ConfigMap": makes(names, manifest("v1", "ConfigMap", data={"a": "b"})),
            "Pod": lazily(lambda names=names: makes(names, pod(context, names))),
        }
        for what, ask in tries.items():

            def run(ask: Ask = ask) -> Verdict:
                answer = ask(privileged_tester(context))
                return passed() if answer.status < 300 or "exceeded quota: plan" in answer.said else broken(answer.said)

            yield Attempt("", f"{names.code} {what}", run)


ATTACKS: Final = (
    Attack("host.theft", "rail tenantry-routes", "a second route with another's host", _stolen),
    Attack("host.header", "rail tenantry-routes", "a route that says another's X-Tenant-Code", _forged),
    Attack("rails.routes", "rail tenantry-routes", "hosts, gateways, headers, filters, backends",
           rail("tenantry-routes", _routes)),
    Attack("rails.entrances", "rail tenantry-entrances", "entrances beside the gateway",
           rail("tenantry-entrances", _entrances)),
    Attack("rails.services", "rail tenantry-services", "ports of nodes, foreign addresses and names",
           rail("tenantry-services", _services)),
    Attack("rails.connections", "rail tenantry-connections", "speak to pods past the gateway",
           rail("tenantry-connections", _connections)),
    Attack("rails.pods", "rail tenantry-pods", "foreign images, tokens, volumes, precedence",
           rail("tenantry-pods", _pods)),
    Attack("rails.allow", "the rails let good things through", "a good route, Service, ConfigMap, Pod", _allowed),
)  # fmt: skip
