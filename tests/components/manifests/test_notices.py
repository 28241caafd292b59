"""A tenant that does not run by its file: its routes lead to nobody, and the gateway answers with a page."""

from dataclasses import replace
from datetime import date

import pytest

from components.tenant import Tenant, TenantArgs
from tenantry.model.lifecycle import Phase
from tenantry.notices import LONGEST_BYTES, has_notice, notice

CLOSED = {
    "suspended": {"status": "suspended"},
    "expired": {"expires_at": date(2026, 10, 1)},
    "asleep": {"hibernated": True},
}
ANSWER = {
    "type": "ExtensionRef",
    "extensionRef": {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": "notice"},
}


@pytest.mark.parametrize("changes", CLOSED.values(), ids=CLOSED)
def test_no_route_leads_to_a_backend(parts, tenant, changes) -> None:
    changes = {"plan": "standard", "enabled_services": ["posters"], **changes}
    recording, running = parts(tenant(**changes)), parts(tenant(plan="standard", enabled_services=["posters"]))
    routes = recording.of("HTTPRoute")
    assert {route.name for route in routes} == {"k001-app-httproute", "k001-svc-posters-httproute"}
    for route in routes:
        before = running.named(route.name).inputs["spec"]
        for rule, same in zip(route.inputs["spec"]["rules"], before["rules"], strict=True):
            assert rule.keys() == {"name", "matches", "filters"}
            assert (rule["name"], rule["matches"]) == (same["name"], same["matches"])  # its limits name it
            assert rule["filters"] == [*same["filters"], ANSWER]
        assert "k001-app-httproutefilter" in route.after


@pytest.mark.parametrize(
    ("changes", "phase"), [(CLOSED["suspended"], Phase.SUSPENDED), (CLOSED["asleep"], Phase.ASLEEP)]
)
def test_the_notice_is_the_phases(parts, tenant, changes, phase: Phase) -> None:
    made = parts(tenant(**changes)).one("HTTPRouteFilter").inputs
    assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("notice", "tenant-k001")
    assert made["spec"] == {
        "directResponse": {
            "statusCode": 503,
            "contentType": "text/html; charset=utf-8",
            "body": {"type": "Inline", "inline": notice(phase)},
        }
    }


def test_one_that_runs_has_none(parts, tenant) -> None:
    assert not parts(tenant(enabled_services=["posters"])).of("HTTPRouteFilter")


def test_another_gateway_knows_no_notice(record, installation, make_providers, tenant) -> None:
    """Its routes go on leading to a Service without pods."""
    from components.shared.installation import PlatformDependencies

    place = replace(installation, gateway=replace(installation.gateway, policies=False))
    resolved = tenant(status="suspended")
    recording = record(
        lambda: Tenant("k001", TenantArgs(resolved, place, make_providers(), PlatformDependencies(), True))
    )
    assert not recording.of("HTTPRouteFilter")
    assert recording.one("HTTPRoute").inputs["spec"]["rules"][0]["backendRefs"]


@pytest.mark.parametrize("phase", [phase for phase in Phase if has_notice(phase)])
def test_envoy_takes_the_page_as_it_is(phase: Phase) -> None:
    page = notice(phase)
    assert "%" not in page
    assert len(page.encode()) <= LONGEST_BYTES
    assert '<meta charset="utf-8">' in page
