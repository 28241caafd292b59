"""Each attack by requests, against a gateway that holds and one that does not."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.gateway.applications.pods import Pod
from tenantry.inspection.verify.attacks.gateway import (
    closed,
    headers,
    hosts,
    http2,
    limits,
    requests,
    transport,
)
from tenantry.inspection.verify.core.attack import Attempt, State, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.declared import Declared, Thing
from tenantry.inspection.verify.core.target import Endpoint, Keys, VerifyTarget
from tenantry.inspection.verify.run import verify
from tenantry.model.lifecycle import Phase
from tenantry.names import Names, names_of
from tenantry.notices import has_notice, notice
from tests.tenantry.inspection.verify.attacks.gateway.careless import Careless, running

K1, K2 = names_of("k001", "13800138001"), names_of("k002", "13800138002")
ATTACKS = {
    attack.id: attack for module in (hosts, headers, requests, transport, limits, closed) for attack in module.ATTACKS
}
LIMIT, BYTES = 30, 1000


def pod(names: Names) -> Pod:
    return Pod("10.200.0.1", 3000, names.code, names.namespace, "business-app", f"app-{names.code}", 0)


PODS = {names.domain: pod(names) for names in (K1, K2)}
POLICY: dict[str, Any] = {
    "spec": {
        "requestBuffer": {"limit": str(BYTES)},
        "rateLimit": {"local": {"rules": [{"limit": {"requests": LIMIT, "unit": "Minute"}}]}},
    }
}
ROUTE: dict[str, Any] = {"spec": {"rules": [{"timeouts": {"request": "1s"}}]}}


def context(endpoint: Endpoint | None, first: Phase = Phase.ACTIVE) -> VerifyContext:
    things: dict[str, tuple[Thing, ...]] = {
        names.namespace: (
            Thing("gateway.envoyproxy.io/v1alpha1", limits.POLICY, "business-app", names.namespace, inputs=POLICY),
            Thing("gateway.networking.k8s.io/v1", limits.ROUTE, "business-app", names.namespace, inputs=ROUTE),
        )
        for names in (K1, K2)
    }
    if has_notice(first):
        notice_ = Thing("gateway.envoyproxy.io/v1alpha1", "HTTPRouteFilter", "notice", K1.namespace)
        things[K1.namespace] += (notice_,)
    at = VerifyTarget(
        stack="test",
        zone="yyup.cc",
        account="1",
        tenants={K1.code: (K1, first), K2.code: (K2, Phase.ACTIVE)},
        gateway=("tenantry-gateway", "tenants"),
        proxies="tenantry-gateway",
        buckets={},
        issuer="",
        audience="",
        openings=(),
        postgresql=("", 0, ""),
        kubeconfig={},
        provisioner=Keys("", ""),
        proxy=None,
        declared=Declared(things=things),
        endpoint=endpoint,
    )
    verify_context = VerifyContext(at, frozenset(at.tenants))
    route = {
        "metadata": {"namespace": K1.namespace},
        "spec": {"hostnames": [K1.domain], "rules": [{"matches": [{"path": {"value": "/"}}]}]},
    }
    verify_context.cached(hosts.ROUTES, lambda: [route])
    return verify_context


def trials(attack: str, gateway: Careless, folder: Path, first: Phase = Phase.ACTIVE) -> list[Verdict]:
    with running(gateway, folder) as endpoint:
        made: list[Attempt] = list(ATTACKS[attack].trials(context(endpoint, first)))
        assert made
        return [attempt.run() for attempt in made]


HOLDING = Careless(PODS, limit=LIMIT, body_bytes=BYTES)


@pytest.mark.parametrize(
    "attack", ["gateway.own", "gateway.host", "gateway.reused", "gateway.trailer", "gateway.path", "gateway.tls"]
)
def test_held(attack: str, tmp_path: Path) -> None:
    unlimited = Careless(PODS, body_bytes=BYTES)
    assert {verdict.state for verdict in trials(attack, unlimited, tmp_path)} == {State.HELD}


@pytest.mark.parametrize("attack", ["gateway.body", "gateway.rate", "gateway.plain", "gateway.socket"])
def test_held_by_limits(attack: str, tmp_path: Path) -> None:
    gateway = replace(HOLDING, counts=[])
    assert {verdict.state for verdict in trials(attack, gateway, tmp_path)} == {State.HELD}


@pytest.mark.parametrize(
    ("attack", "mistake", "said"),
    [
        ("gateway.own", {"misled": K2.domain}, "k002 answered"),
        ("gateway.host", {"misled": K2.domain}, "k002 answered"),
        ("gateway.host", {"takes_two": True}, "answered for the host k001.yyup.cc, k002.yyup.cc"),
        ("gateway.reused", {"misled": K1.domain}, "k001 answered"),
        ("gateway.forged", {"sets": False}, "was told"),
        ("gateway.forged", {}, "a client's own `X_Tenant_Code` arrives"),
        ("gateway.trailer", {"sets": False}, "was told nobody"),
        ("gateway.smuggled", {"misled": K2.domain}, "k002 answered"),
        ("gateway.path", {"misled": K2.domain}, "k002 answered"),
        ("gateway.body", {}, "1001 bytes are answered with 200"),
        ("gateway.rate", {}, "requests to / passed at once, where 30 a minute are allowed"),
        ("gateway.rate", {"limit": 60}, "requests to / passed at once, where 30 a minute are allowed"),
    ],
)
def test_holes(attack: str, mistake: dict[str, Any], said: str, tmp_path: Path) -> None:
    verdicts = trials(attack, Careless(PODS, **mistake), tmp_path)
    assert State.HOLE in {verdict.state for verdict in verdicts}
    assert said in " ".join(verdict.said for verdict in verdicts)


@pytest.mark.parametrize(
    ("attack", "mistake", "state"),
    [
        ("gateway.body", {"body_bytes": BYTES - 1}, State.BROKEN),  # less than the plan gives
        ("gateway.host", {"limit": 0}, State.UNCLEAR),  # it refuses everything, and so proves nothing
        ("gateway.forged", {"limit": 0}, State.UNCLEAR),
        ("gateway.own", {"limit": 0}, State.BROKEN),
        ("gateway.socket", {"limit": 0}, State.HELD),  # a socket is no request here
    ],
)
def test_neither(attack: str, mistake: dict[str, Any], state: State, tmp_path: Path) -> None:
    assert {verdict.state for verdict in trials(attack, Careless(PODS, **mistake), tmp_path)} == {state}


ANSWERING = {K2.domain: pod(K2)}


@pytest.mark.parametrize(
    ("phase", "gateway", "state"),
    [
        (Phase.SUSPENDED, Careless(ANSWERING, notices={K1.domain: notice(Phase.SUSPENDED)}), State.HELD),
        (Phase.ASLEEP, Careless(ANSWERING, notices={K1.domain: notice(Phase.ASLEEP)}), State.HELD),
        (Phase.RETAINED, Careless(ANSWERING), State.HELD),
        (Phase.DUE, Careless(ANSWERING), State.HELD),
        (Phase.SUSPENDED, Careless(PODS), State.HOLE),
        (Phase.RETAINED, Careless(PODS), State.HOLE),
        (Phase.SUSPENDED, Careless(ANSWERING, notices={K1.domain: notice(Phase.ASLEEP)}), State.BROKEN),
        (Phase.SUSPENDED, Careless(ANSWERING), State.BROKEN),
        (Phase.RETAINED, Careless(ANSWERING, notices={K1.domain: notice(Phase.SUSPENDED)}), State.BROKEN),
        (
            Phase.SUSPENDED,
            Careless(ANSWERING, notices={K1.domain: notice(Phase.SUSPENDED)}, notice_status=200),
            State.HOLE,
        ),
    ],
)
def test_who_does_not_run(phase: Phase, gateway: Careless, state: State, tmp_path: Path) -> None:
    (verdict,) = trials("gateway.closed", gateway, tmp_path, phase)
    assert verdict.state is state


def test_a_web_socket_alone_is_a_way_in_too(tmp_path: Path) -> None:
    """A page for each request, and yet somebody takes web sockets."""
    gateway = Careless(PODS, notices={K1.domain: notice(Phase.SUSPENDED)})
    (verdict,) = trials("gateway.closed", gateway, tmp_path, Phase.SUSPENDED)
    assert (verdict.state, verdict.said) == (State.HOLE, "somebody answered for k001.yyup.cc, which is suspended")


def test_who_asks_for_requests_alone_is_told_that_there_is_no_gateway() -> None:
    with pytest.raises(ValueError, match="TENANTRY_GATEWAY=off"):
        verify(context(None).target, (), ("gateway",), lambda _: None)


def test_without_a_gateway_nothing_is_tried() -> None:
    assert not [attempt for attack in ATTACKS.values() for attempt in attack.trials(context(None))]


def test_a_flood_waits_until_the_others_have_ended(tmp_path: Path) -> None:
    """In the order of the catalogue the flood may begin while the one before it still runs."""
    gateway = replace(HOLDING, counts=[])
    with running(gateway, tmp_path) as endpoint:
        verify_context = context(endpoint)
        own, flood = (list(ATTACKS[name].trials(verify_context)) for name in ("gateway.own", "gateway.rate"))
        seen: list[str] = []
        thread = threading.Thread(target=lambda: seen.append(flood[0].run().said))
        thread.start()
        assert [attempt.run().state for attempt in own] == [State.HELD, State.HELD]
        thread.join(30)
    assert seen
    assert gateway.counts[:2].count(K1.domain) + gateway.counts[:2].count(K2.domain) == 2


@pytest.mark.parametrize(
    ("block", "status"),
    [(b"\x88", 200), (b"\x8d", 404), (b"\x3f\xe1\x1f\x88", 200), (b"\x48\x82\x68\x41", 421), (b"\x48\x03429", 429)],
)
def test_the_status_of_an_answer_in_http2(block: bytes, status: int) -> None:
    assert http2._status(block) == status  # pyright: ignore[reportPrivateUsage]  (tested here)
