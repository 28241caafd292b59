"""Each rule on domains objects when its one thing is changed."""

from collections.abc import Callable
from typing import Any

import pytest

RECORD, ROUTE, PLUGIN = "k001-dns", "k001-app-httproute", "k001-svc-enrollment-httproute"
HEADER = "spec.rules.0.filters.0.requestHeaderModifier"
BEHIND = "spec.rules.0.backendRefs.0.filters"
NOTICE = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": "notice"}
OTHER_FILTER = NOTICE | {"name": "other"}
CASES: list[tuple[str, str, str, Any]] = [
    ("dns-name", RECORD, "rr", "k002"),
    ("dns-name", RECORD, "rr", "rent"),
    ("dns-name", RECORD, "domainName", "example.com"),
    ("dns-name", RECORD, "type", "CNAME"),
    ("dns-wildcard", RECORD, "rr", "*"),
    ("dns-wildcard", RECORD, "rr", "*.k001"),
    ("dns-ttl", RECORD, "ttl", 86400),
    ("dns-ttl", RECORD, "ttl", None),
    ("dns-host", ROUTE, "spec.hostnames", []),
    ("dns-host", ROUTE, "spec.hostnames.0", "*.yyup.cc"),
    ("dns-host", ROUTE, "spec.hostnames.1", "k002.yyup.cc"),
    ("dns-header", ROUTE, f"{HEADER}.set.0.value", "k002"),
    ("dns-header", ROUTE, f"{HEADER}.set", None),
    ("dns-header", ROUTE, "spec.rules.0.filters", None),
    ("dns-header", ROUTE, f"{HEADER}.add", [{"name": "x-tenant-code", "value": "k002"}]),
    ("dns-header", ROUTE, "spec.rules.1", {"backendRefs": [{"name": "business-app", "port": 3000}]}),
    ("dns-header", ROUTE, "spec.rules", []),
    ("dns-backend", ROUTE, "spec.rules.0.backendRefs.0.namespace", "tenant-k002"),
    ("dns-backend", ROUTE, "spec.rules.0.backendRefs.0.name", "other"),
    ("dns-backend", ROUTE, "spec.rules.0.backendRefs.0.port", 22),
    ("dns-backend", ROUTE, "spec.rules.0.backendRefs.0.kind", "ServiceImport"),
    ("dns-backend", ROUTE, "spec.rules.0.filters.1", {"type": "RequestMirror", "requestMirror": {}}),
    ("dns-gateway", ROUTE, "spec.parentRefs.0.name", "mine"),
    ("dns-gateway", ROUTE, "spec.parentRefs.0.namespace", None),
    ("dns-gateway", ROUTE, "spec.parentRefs.0.kind", "Service"),
    ("dns-gateway", ROUTE, "spec.parentRefs.1", {"name": "other", "namespace": "tenantry-gateway"}),
    ("dns-gateway", ROUTE, "spec.parentRefs", []),
    ("dns-header", ROUTE, f"{HEADER}.remove", ["x-tenant-code"]),
    ("dns-header", ROUTE, f"{BEHIND}.0.requestHeaderModifier", {"set": [{"name": "x-tenant-code", "value": "k002"}]}),
    ("dns-header", ROUTE, f"{BEHIND}.0.requestHeaderModifier", {"remove": ["X-Tenant-Code"]}),
    ("dns-header", ROUTE, f"{BEHIND}.0.requestHeaderModifier", {"add": [{"name": "X-TENANT-CODE", "value": "k001"}]}),
    ("dns-backend", ROUTE, f"{BEHIND}.0", {"type": "RequestMirror", "requestMirror": {}}),
    ("dns-backend", ROUTE, "spec.rules.0.filters.1", {"type": "RequestRedirect", "requestRedirect": {}}),
    ("dns-backend", ROUTE, "spec.rules.0.filters.1", {"type": "Unheard"}),
    ("dns-backend", ROUTE, "spec.rules.0.filters.1", {}),
    ("dns-backend", ROUTE, "spec.rules.0.filters.1", {"type": "ExtensionRef", "extensionRef": OTHER_FILTER}),
    ("dns-shared", RECORD, "rr", "k002"),
    ("dns-shared", ROUTE, "spec.hostnames", ["k002.yyup.cc"]),
    ("dns-shared", PLUGIN, "spec.rules.0.matches.0.path.value", "/"),
    ("dns-backend", PLUGIN, "spec.rules.0.matches.0.path.value", "/services/posters"),
    ("dns-backend", PLUGIN, "spec.rules.0.matches", None),
    ("dns-backend", PLUGIN, "spec.rules.0.backendRefs.0.port", 3102),
    ("dns-backend", PLUGIN, "spec.rules.0.backendRefs.0.name", "plugin-unheard-of"),
    ("dns-header", PLUGIN, f"{HEADER}.set.0.value", "k002"),
]


@pytest.mark.parametrize(("rule", "name", "path", "value"), CASES)
def test_a_change_breaks_the_rule(breaks: Callable[..., None], rule: str, name: str, path: str, value: Any) -> None:
    breaks(rule, name, path, value)


PRESENT: list[tuple[str, str, dict[str, Any]]] = [
    ("dns-other-way", f"kubernetes:{group}:{kind}", {"metadata": {"namespace": "tenant-k001"}})
    for group, kind in (("networking.k8s.io/v1", "Ingress"), ("gateway.networking.k8s.io/v1", "Gateway"))
]


@pytest.mark.parametrize(("rule", "type_", "props"), PRESENT)
def test_its_presence_breaks_the_rule(below, broken, rule: str, type_: str, props: dict[str, Any]) -> None:
    assert rule in {violation.rule.name for violation in broken({"one": below("one", type_, props)}).broken}


def test_the_platforms_routes_take_no_tenants_host(declared, broken, change) -> None:
    """Nor may one be left without a host."""
    route = change(declared["k001-app-httproute"], "metadata", {"name": "admin", "namespace": "tenantry-platform"})
    route = change(route, "@urn", "urn:pulumi:test::tenantry::kubernetes:x:HTTPRoute::admin")
    for hosts, is_broken in ((["rent.yyup.cc"], False), (["k002.yyup.cc"], True), ([], True)):
        violations = broken({"admin": change(route, "spec.hostnames", hosts)}).broken
        assert ("dns-host" in {result.rule.name for result in violations}) is is_broken


ROUTES = (ROUTE, PLUGIN)
FILTER = "k001-app-httproutefilter"


def test_a_suspended_tenants_routes_answer_with_its_notice(closed, broken) -> None:
    assert FILTER in closed
    assert [str(violation) for violation in broken(closed).broken] == []


CASES_ELSEWHERE = ["dns-notice", "dns-shut"]


@pytest.mark.parametrize(
    ("rule", "name", "path", "value"),
    [
        ("dns-shut", ROUTE, "spec.rules.0.backendRefs", [{"name": "business-app", "port": 3000}]),
        ("dns-shut", ROUTE, "spec.rules.1.filters.1", None),
        ("dns-shut", PLUGIN, "spec.rules.0.filters.1", None),
        ("dns-notice", FILTER, "metadata.name", "other"),
        ("dns-notice", FILTER, "spec.directResponse.statusCode", 200),
        ("dns-notice", FILTER, "spec.directResponse.header", {"set": [{"name": "set-cookie", "value": "x"}]}),
        ("dns-notice", FILTER, "spec.directResponse.body.inline", ""),
        ("dns-notice", FILTER, "spec.directResponse", None),
        ("dns-notice", FILTER, "spec.urlRewrite", {"hostname": {"type": "Backend"}}),
        ("dns-notice", FILTER, "spec.credentialInjection", {"credential": {}}),
    ],
)
def test_what_opens_a_suspended_tenant_breaks_a_rule(
    closed, broken, change, rule: str, name: str, path: str, value: Any
) -> None:
    closed[name] = change(closed[name], path, value)
    assert rule in {violation.rule.name for violation in broken(closed).broken}


def test_a_suspended_tenant_without_its_notice_breaks_the_rule(closed, broken) -> None:
    del closed[FILTER]
    assert "dns-shut" in {violation.rule.name for violation in broken(closed).broken}


def test_another_gateway_knows_no_notice(closed, declared, broken) -> None:
    """There the routes go on leading to Services without pods."""
    world = {**closed, **{name: declared[name] for name in ROUTES}}
    del world[FILTER]
    for limits, wrong in ((True, True), (False, False)):
        found = broken(world, only=[], settings={"together": {"gatewayLimits": limits}}).broken
        assert ("dns-shut" in {violation.rule.name for violation in found}) is wrong
