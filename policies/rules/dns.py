"""Domains: which host names lead to whom."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from policies.facts.plan_figures import plugin
from policies.model.resource import Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import at, mapping, number, sequence, shown, text
from tenantry.names import APP_PORT, DNS_TTL_SECONDS, PLUGIN_PREFIX, SERVICE_ACCOUNT, service_path
from tenantry.notices import STATUS

RECORD: Final = "dns:AlidnsRecord"
RECORDS: Final = (RECORD, "dns:Record")
ROUTE: Final = "kubernetes:HTTPRoute"
TENANT_HEADER: Final = "X-Tenant-Code"
GROUP: Final = "gateway.networking.k8s.io"
FILTERS: Final = ("RequestHeaderModifier", "ResponseHeaderModifier", "URLRewrite")  # that send a request nowhere else
FILTER: Final = "kubernetes:HTTPRouteFilter"
NOTICE: Final = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": "notice"}
# Other ways in: they know no host, carry no header, or are not looked at by these rules.
OTHER_WAYS: Final = tuple(
    f"kubernetes:{kind}"
    for kind in ("Ingress", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "Gateway", "ReferenceGrant")
)


@resource_rule(
    "dns-name",
    kinds=RECORDS,
    why="Under another name it takes over a neighbour's visitors or the platform's own pages.",
    remedy="declare an A record with rr = the tenant's code in the tenants' zone.",
)
def name(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's record is an A record of its own name."""
    if resource.declared_by is None and resource.code is None:
        return
    own = resource.declared_by or resource.code
    if text(resource.props.get("rr")) != own:
        yield f"its name is {shown(resource.props.get('rr'))}"
    if text(resource.props.get("domainName")) != settings.text("zone"):
        yield f"it is in the zone {shown(resource.props.get('domainName'))}"
    if text(resource.props.get("type")) != "A":
        yield f"it is a record of type {shown(resource.props.get('type'))}"


@resource_rule(
    "dns-wildcard",
    kinds=RECORDS,
    why="A wildcard answers for tenants that do not exist yet, and for those that are gone.",
    remedy="declare one record for each name.",
)
def wildcard(resource: Resource, settings: Settings) -> Iterator[str]:
    """No record is a wildcard."""
    if "*" in text(resource.first("rr", "hostRecord")):
        yield f"its name is {shown(resource.first('rr', 'hostRecord'))}"


@resource_rule(
    "dns-ttl",
    kinds=RECORDS,
    why="A longer one keeps a suspended or moved tenant's old address alive.",
    remedy=f"set ttl to {DNS_TTL_SECONDS}.",
)
def ttl(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's record lives 600 seconds."""
    if resource.code and number(resource.props.get("ttl")) != DNS_TTL_SECONDS:
        yield f"its ttl is {shown(resource.props.get('ttl'))}"


@resource_rule(
    "dns-host",
    kinds=[ROUTE],
    why="A route without host names, or with somebody else's, receives somebody else's requests.",
    remedy="set hostnames to the tenant's own domain and nothing else.",
)
def host(resource: Resource, settings: Settings) -> Iterator[str]:
    """A route names its hosts: a tenant's its own domain only, the platform's no tenant's."""
    hosts = [text(entry) for entry in sequence(at(resource.props, "spec", "hostnames"))]
    zone = settings.text("zone")
    if not hosts:
        yield "it takes every host"
    for entry in hosts:
        if "*" in entry or (resource.code is not None and entry != f"{resource.code}.{zone}"):
            yield f"it takes {entry}"
        elif resource.code is None and _is_tenants(entry, zone):
            yield f"it takes the tenant's host {entry}"


def _is_tenants(host: str, zone: str) -> bool:
    label, _, rest = host.partition(".")
    return rest == zone and label[:1] == "k" and label[1:].isdecimal()


@resource_rule(
    "dns-gateway",
    kinds=[ROUTE],
    why="Another gateway has other listeners and other rules, and nobody checks the header behind it.",
    remedy="hang the route on the Gateway that `gateway` of this policy names, and on nothing else.",
)
def parents(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's route hangs on the platform's gateway alone."""
    if resource.code is None:
        return
    above = [mapping(parent) for parent in sequence(at(resource.props, "spec", "parentRefs"))]
    if not above:
        yield "it hangs on no gateway"
    for parent in above:
        gateway = f"{text(parent.get('namespace'))}/{text(parent.get('name'))}"
        sort = text(parent.get("group")) or GROUP, text(parent.get("kind")) or "Gateway"
        if gateway != settings.text("gateway") or sort != (GROUP, "Gateway"):
            yield f"it hangs on the {sort[1]} {gateway}"


@resource_rule(
    "dns-header",
    kinds=[ROUTE],
    why="The header chooses the database: one that a client may write opens every tenant's.",
    remedy=f"set {TENANT_HEADER} to the tenant's code in every rule (`set`, which overwrites; not `add`).",
)
def header(resource: Resource, settings: Settings) -> Iterator[str]:
    """Every rule of a tenant's route overwrites X-Tenant-Code with the tenant's code."""
    if resource.code is None:
        return
    rules = [mapping(rule) for rule in sequence(at(resource.props, "spec", "rules"))]
    if not rules:
        yield "it has no rule that sets it"
    for rule in rules:
        changes = [mapping(mapping(filter_).get("requestHeaderModifier")) for filter_ in sequence(rule.get("filters"))]
        written = [value for change in changes for value in _tenant_header(change.get("set"))]
        if written != [resource.code]:
            yield f"it sets the header to {', '.join(written) or 'nothing'}"
        for place in (rule, *map(mapping, sequence(rule.get("backendRefs")))):
            yield from _touching(place.get("filters"), resource.code)


def _touching(filters: Any, code: str) -> Iterator[str]:
    """Other changes of the header than setting it to the tenant's code."""
    for how in (mapping(mapping(filter_).get("requestHeaderModifier")) for filter_ in sequence(filters)):
        if any(True for _ in _tenant_header(how.get("add"))):
            yield "it adds the header to what the client sent"
        if any(text(named).lower() == TENANT_HEADER.lower() for named in sequence(how.get("remove"))):
            yield "it removes the header"
        for value in _tenant_header(how.get("set")):
            if value != code:
                yield f"it sets the header to {value}"


def _tenant_header(entries: Any) -> Iterator[str]:
    """The values that are given to it; header names know no case."""
    for entry in map(mapping, sequence(entries)):
        if text(entry.get("name")).lower() == TENANT_HEADER.lower():
            yield text(entry.get("value"))


@resource_rule(
    "dns-backend",
    kinds=[ROUTE],
    why="A route may lead into another namespace, and the request with the tenant's visitor with it.",
    remedy=f"lead to {SERVICE_ACCOUNT}:{APP_PORT}, or a service of the catalogue, in the route's own namespace.",
)
def backend(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's route leads to its own application, or to one of its plug-in services below that one's path."""
    if resource.code is None:
        return
    for rule in map(mapping, sequence(at(resource.props, "spec", "rules"))):
        backends = [mapping(entry) for entry in sequence(rule.get("backendRefs"))]
        for entry in backends:
            space = text(entry.get("namespace"))
            if space not in ("", resource.namespace) or text(entry.get("kind")) not in ("", "Service"):
                yield (
                    f"it leads to {shown(entry.get('kind'))} {shown(entry.get('name'))} "
                    f"in {space or 'its own namespace'}"
                )
            elif number(entry.get("port")) != _port(text(entry.get("name")), _paths(rule)):
                yield f"it leads to {shown(entry.get('name'))}:{shown(entry.get('port'))}"
        for place in (rule, *backends):
            for filter_ in map(mapping, sequence(place.get("filters"))):
                kind = text(filter_.get("type"))
                if kind not in FILTERS and not _is_notice(filter_):
                    yield f"its filter {shown(kind)} may copy or send requests elsewhere"


def _is_notice(filter_: Mapping[str, Any]) -> bool:
    return text(filter_.get("type")) == "ExtensionRef" and dict(mapping(filter_.get("extensionRef"))) == NOTICE


def _port(backend: str, paths: Sequence[str]) -> float | None:
    """At which a backend may be reached below these paths; None: it may not."""
    if backend == SERVICE_ACCOUNT:
        return APP_PORT
    service = plugin(backend)
    below = service_path(backend.removeprefix(PLUGIN_PREFIX))
    return service.port if service is not None and all(path == below for path in paths) else None


def _paths(rule: Mapping[str, Any]) -> list[str]:
    """The paths of one rule of a route; without any it takes every path."""
    paths = [text(at(mapping(match), "path", "value")) for match in sequence(rule.get("matches"))]
    return paths or ["/"]


@resource_rule(
    "dns-notice",
    kinds=[FILTER],
    why="Envoy Gateway's own filter may also rewrite a host, add a credential, or let a page look like a good answer.",
    remedy=f"declare the filter `{NOTICE['name']}` with a directResponse of status {STATUS} and an inline body alone.",
)
def notice(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's own filter is the notice, and says nothing but its page."""
    if resource.code is None:
        return
    spec = mapping(resource.props.get("spec"))
    answer = mapping(spec.get("directResponse"))
    if resource.object_name != NOTICE["name"]:
        yield f"it is called {shown(resource.object_name)}"
    for key in sorted({*spec} - {"directResponse"} | {*answer} - {"statusCode", "contentType", "body"}):
        yield f"it has {key}"
    if number(answer.get("statusCode")) != STATUS:
        yield f"it answers {shown(answer.get('statusCode'))}"
    if not text(at(answer, "body", "inline")):
        yield "it has no page"


@stack_rule(
    "dns-shut",
    why="Its pods may be there for another minute, or come back by mistake: the gateway is what lets nobody in.",
    remedy="give every rule of its routes the notice as a filter, and no backend (components/manifests/http_route.py).",
)
def shut(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """No route of a suspended tenant leads to anybody: a notice answers."""
    if not settings.flag("gatewayLimits"):
        return
    for code in stack.tenants:
        if stack.status_of(code) != "suspended":
            continue
        for resource in stack.parts(code, ROUTE):
            for rule in map(mapping, sequence(at(resource.props, "spec", "rules"))):
                if sequence(rule.get("backendRefs")):
                    yield Violation(code, f"its rule {shown(rule.get('name'))} leads to a backend", resource)
                if not any(_is_notice(mapping(filter_)) for filter_ in sequence(rule.get("filters"))):
                    yield Violation(code, f"its rule {shown(rule.get('name'))} answers with no notice", resource)
            if not stack.parts(code, FILTER):
                yield Violation(code, "there is no notice", resource)


@resource_rule(
    "dns-other-way",
    kinds=OTHER_WAYS,
    why="Such a way in passes by the gateway's rules on hosts and headers.",
    remedy="use an HTTPRoute to the platform's Gateway.",
)
def other_way(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant has no way in but its HTTPRoute."""
    if resource.code or resource.under_a_tenant:
        yield f"a tenant is given a {resource.kind.rpartition(':')[2]}"


@stack_rule(
    "dns-shared",
    why="Which of the two answers is then chance.",
    remedy="leave the name to the tenant whose code it is.",
)
def shared(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """No two routes or records have one host name; two routes of one tenant only for different paths."""
    seen: dict[tuple[str, str], Resource] = {}
    for resource in stack.of(ROUTE, *RECORDS):
        for host_name in _hosts(resource):
            first = seen.setdefault((resource.kind, host_name), resource)
            if first is not resource:
                yield Violation(resource.code or "platform", f"{first.name} has {host_name} already", resource)


def _hosts(resource: Resource) -> list[str]:
    """A tenant's route with the path that it is for: which tenant's a host is, dns-host says."""
    if resource.kind == ROUTE:
        hosts = [text(entry) for entry in sequence(at(resource.props, "spec", "hostnames"))]
        rules = [mapping(rule) for rule in sequence(at(resource.props, "spec", "rules"))]
        paths = sorted({path for rule in rules for path in _paths(rule)} - {"/"})
        return [host + path for host in hosts for path in paths or [""]]
    return [f"{text(resource.props.get('rr'))}.{text(resource.props.get('domainName'))}"]
