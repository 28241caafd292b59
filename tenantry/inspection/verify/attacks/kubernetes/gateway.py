"""The live gateway and routes: which host a request belongs to, and which tenant the application believes."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from tenantry.engine.clients.dns_records import is_ours, leading, words
from tenantry.inspection.verify.attacks.kubernetes.network import spaces
from tenantry.inspection.verify.core.alibaba_session import environment_of
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, passed, verdict_on_faults
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.manifests import path
from tenantry.inspection.verify.core.network_evaluator import selects
from tenantry.names import PLATFORM_NAMESPACE, TENANT_HEADER, Names, mark
from tenantry.notices import has_notice
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

ROUTES: Final = "/apis/gateway.networking.k8s.io/v1/httproutes"
NOTICE_KIND: Final = "HTTPRouteFilter"
GATEWAYS: Final = "/apis/gateway.networking.k8s.io/v1/gateways"
SETTLES_SECONDS: Final = 2.0
Headers = dict[str, list[str]]  # by name in small letters: HTTP knows no case


def modified(headers: Mapping[str, Sequence[str]], filters: Any) -> Headers:
    """Headers after RequestHeaderModifier filters: set overwrites, add appends, remove takes away."""
    now = {name.lower(): list(values) for name, values in headers.items()}
    for filter_ in map(mapping, sequence(filters)):
        how = mapping(filter_.get("requestHeaderModifier"))
        for header in map(mapping, sequence(how.get("set"))):
            now[str(header["name"]).lower()] = [str(header["value"])]
        for header in map(mapping, sequence(how.get("add"))):
            now.setdefault(str(header["name"]).lower(), []).append(str(header["value"]))
        for name in sequence(how.get("remove")):
            now.pop(str(name).lower(), None)
    return now


def arriving(route: Tree, sent: Mapping[str, Sequence[str]]) -> Iterator[Headers]:
    """The headers of a request with every backend of every rule."""
    for rule in map(mapping, sequence(mapping(route.get("spec")).get("rules"))):
        after = modified(sent, rule.get("filters"))
        for backend in map(mapping, sequence(rule.get("backendRefs"))):
            yield modified(after, backend.get("filters"))


def hosts(route: Tree) -> list[str]:
    """None means every host of the listener."""
    return [str(host) for host in sequence(mapping(route.get("spec")).get("hostnames"))] or ["*"]


def answers(host: str, asked: str) -> bool:
    """Tells whether a host name of a route answers for the one that is asked for."""
    return host in ("*", asked) or (host.startswith("*.") and asked.endswith(host[1:]))


def _space(route: Tree) -> str:
    return str(mapping(route.get("metadata")).get("namespace"))


def _forged(context: VerifyContext, names: Names) -> Verdict:
    """A client sends the header of everybody else, in several spellings and several times."""
    others = [tenant.code for tenant in context.all if tenant != names] or ["k000"]
    faults: list[str] = []
    for route in context.live(ROUTES):
        if any(answers(host, names.domain) for host in hosts(route)):
            for spelling in (TENANT_HEADER, TENANT_HEADER.lower(), TENANT_HEADER.upper()):
                for arrived in arriving(route, {spelling: others}):
                    values = arrived.get(TENANT_HEADER.lower(), [])
                    if values != [names.code]:
                        faults.append(f"{_space(route)}: {names.domain} arrives as {','.join(values) or 'nobody'}")
    return verdict_on_faults(dict.fromkeys(faults))


def _taken(context: VerifyContext, names: Names) -> Verdict:
    takers = {_space(route) for route in context.live(ROUTES) for host in hosts(route) if answers(host, names.domain)}
    return verdict_on_faults(f"{space} has a route for {names.domain}" for space in sorted(takers - {names.namespace}))


def _endpoints(context: VerifyContext, names: Names) -> Verdict:
    """Looked at again when pods were just being replaced."""
    faults = _foreign(context, names)
    if faults:
        time.sleep(SETTLES_SECONDS)
        faults = _foreign(context, names)
    return verdict_on_faults(dict.fromkeys(faults))


def _foreign(context: VerifyContext, names: Names) -> list[str]:
    """Endpoints of a Service that are not the tenant's, by its EndpointSlices, whoever wrote them."""
    slices = context.admin.items(path(names, "discovery.k8s.io/v1", "endpointslices"))
    own = {address for pod in context.admin.items(path(names, "v1", "pods")) for address in _addresses(pod)}
    return [
        f"{mapping(slice_['metadata'])['name']} leads to {address}, which is no pod of the tenant's"
        for slice_ in slices
        for endpoint in map(mapping, sequence(slice_.get("endpoints")))
        for address in map(str, sequence(endpoint.get("addresses")))
        if address not in own
    ]


def _addresses(pod: Tree) -> list[str]:
    """A pod on its node's own network has the node's."""
    if mapping(pod["spec"]).get("hostNetwork"):
        return []
    return [str(mapping(address).get("ip")) for address in sequence(mapping(pod.get("status")).get("podIPs"))]


def noticed(context: VerifyContext, names: Names) -> bool:
    """Tells whether a notice is declared for the tenant: the gateway answers for it, and nobody behind."""
    things = context.target.declared.things.get(names.namespace, ())
    return has_notice(context.target.tenants[names.code][1]) and any(thing.kind == NOTICE_KIND for thing in things)


def _shut(context: VerifyContext, names: Names) -> Verdict:
    """Where it is meant to be closed, no rule of any route for the host leads to a backend."""
    if not noticed(context, names):
        return passed()
    return verdict_on_faults(
        f"{_space(route)}: {names.domain} leads to {mapping(backend).get('name')}"
        for route in context.live(ROUTES)
        if any(answers(host, names.domain) for host in hosts(route))
        for rule in map(mapping, sequence(mapping(route.get("spec")).get("rules")))
        for backend in sequence(rule.get("backendRefs"))
    )


def _answered(context: VerifyContext, names: Names) -> Verdict:
    own = [route for route in context.live(ROUTES) if _space(route) == names.namespace and names.domain in hosts(route)]
    leads = own and (noticed(context, names) or any(True for _ in arriving(own[0], {})))
    return passed() if leads else broken(f"no route for {names.domain}")


def _listeners(context: VerifyContext) -> list[str]:
    """Namespaces that may hang routes on the gateway: ours, and none that only looks like a tenant's."""
    namespace, name = context.target.gateway
    ours = {names.namespace for names in context.all}
    live = [
        gateway
        for gateway in context.live(GATEWAYS)
        if (_space(gateway), mapping(gateway["metadata"])["name"]) == (namespace, name)
    ]
    if not live:
        return [f"there is no gateway {namespace}/{name}"]
    return [
        f"listener {listener.get('name')}: {fault}"
        for listener in map(mapping, sequence(mapping(live[0]["spec"]).get("listeners")))
        for fault in _listener(listener, spaces(context), ours, namespace)
    ]


def _listener(listener: Tree, labels: Mapping[str, Mapping[str, str]], ours: set[str], home: str) -> Iterator[str]:
    if listener.get("protocol") != "HTTPS":
        yield f"speaks {listener.get('protocol')}"
    allowed = mapping(mapping(listener.get("allowedRoutes")).get("namespaces"))
    if allowed.get("from") == "All":
        yield "takes routes from every namespace"
    if allowed.get("from") != "Selector":
        return
    selector = allowed.get("selector")
    if selects(selector, {}):
        yield "its selector takes every namespace"
    platform = {PLATFORM_NAMESPACE, home}
    for space in sorted(labels.keys() - ours - platform):
        if selects(selector, labels[space]):
            yield f"takes routes from {space}"
    for space in sorted(ours & labels.keys()):
        if not selects(selector, labels[space]):
            yield f"takes no routes from {space}"


def _gateway(context: VerifyContext) -> Iterator[Attempt]:
    yield Attempt("", context.target.gateway[1], lambda: verdict_on_faults(_listeners(context)))


def _each(judge: Callable[[VerifyContext, Names], Verdict]) -> Callable[[VerifyContext], Iterator[Attempt]]:
    return lambda context: (Attempt("", names.code, partial(judge, context, names)) for names in context.with_namespace)


def _records(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.selected:
        if context.target.tenants[names.code][1].has_domain:
            yield Attempt("", names.domain, partial(_led, context, names))


def _led(context: VerifyContext, names: Names) -> Verdict:
    keys = context.target.provisioner
    records = leading(names.domain, environment_of(context, keys))
    ours = [record for record in records if is_ours(record, mark(names.code), context.target.address)]
    faults = [f"somebody else's record {words(record)}" for record in records if record not in ours]
    faults += [
        f"its record leads to {record.get('Value')}" for record in ours if record.get("Value") != context.target.address
    ]
    return verdict_on_faults(faults) if faults or ours else broken("no record leads to it")


ATTACKS: Final = (
    Attack("host.forged", "the gateway sets the header from the host", "evaluated: a client's own X-Tenant-Code",
           _each(_forged)),
    Attack("host.taken", "one host, one namespace", "evaluated: a live route elsewhere for the host", _each(_taken)),
    Attack("host.endpoints", "Services lead to the tenant's own pods", "look for an address of another's in its slices",
           _each(_endpoints)),
    Attack("host.gateway", "routes from our namespaces alone", "evaluated: who may hang routes on the gateway",
           _gateway),
    Attack("host.records", "the name's one record is ours and leads to the gateway", "ask AliDNS for all of the name's",
           _records),
    Attack("host.closed", "who does not run is answered by the gateway itself",
           "evaluated: a backend behind a suspended or sleeping tenant's host", _each(_shut)),
    Attack("host.own", "the tenant's own rights", "evaluated: the host has a route to a backend", _each(_answered)),
)  # fmt: skip
