"""A tenant's declared objects, from the stack's record, beside the live ones."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tenantry.inspection.verify.attacks.alibaba import sts_sessions
from tenantry.inspection.verify.attacks.kubernetes import gateway
from tenantry.inspection.verify.attacks.postgresql import rights
from tenantry.inspection.verify.core.attack import State
from tenantry.inspection.verify.core.declared import beyond, declared, least, maxima
from tenantry.model.lifecycle import Phase
from tenantry.names import names_of

K1 = names_of("k001", "13800138001")
Json = dict[str, Any]
HARD: Json = {"pods": "4", "limits.cpu": "4000m"}
MOST: Json = {"cpu": "2", "memory": "2Gi"}


def resource(kind: str, **inputs: Any) -> Json:
    return {"type": kind, "inputs": inputs}


def test_the_record_says_what_was_given() -> None:
    place = {"name": "plan", "namespace": K1.namespace}
    found = declared(
        [
            resource("kubernetes:core/v1:ResourceQuota", metadata=place, spec={"hard": HARD}),
            resource(
                "kubernetes:core/v1:LimitRange",
                metadata=place,
                spec={"limits": [{"type": type_, "max": MOST} for type_ in ("Container", "Pod")]},
            ),
            resource("postgresql:index/database:Database", name="rent001", connectionLimit=50),
            resource("postgresql:index/role:Role", name="rent001_a", connectionLimit=50.0),
            resource("postgresql:index/role:Role", name="rent001"),
            {"type": "pulumi:pulumi:Stack"},
        ]
    )
    assert found.quotas == {K1.namespace: HARD}
    assert found.limits[K1.namespace] == {"Container": MOST, "Pod": MOST}
    assert found.connections == {"rent001": 50, "rent001_a": 50}


@pytest.mark.parametrize(
    ("live", "faults"),
    [
        ({"pods": "4", "limits.cpu": "4"}, 0),
        ({"pods": "3", "limits.cpu": "3500m", "more": "9"}, 0),
        ({"pods": "999", "limits.cpu": "4"}, 1),
        ({"pods": "4", "limits.cpu": "4001m"}, 1),
        ({"pods": "4"}, 1),
        ({}, 2),
    ],
)
def test_what_is_live_may_be_no_more(live: Json, faults: int) -> None:
    assert len(beyond(live, {"pods": "4", "limits.cpu": "4000m"})) == faults


def test_of_several_each_holds() -> None:
    assert least([{"pods": "10", "memory": "1Gi"}, {"pods": "4"}, {"memory": "2048Mi"}]) == {
        "pods": "4",
        "memory": "1Gi",
    }
    assert beyond(maxima({"limits": [{"type": "Pod", "max": {"memory": "500Gi"}}]})["Pod"], {"memory": "1Gi"})


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ((50, 2, 50, "rent001_a"), State.HELD),
        ((5000, 2, 50, "rent001_a"), State.HOLE),
        ((50, 2, 5000, "rent001_a"), State.HOLE),
        ((-1, 2, 50, "rent001_a"), State.HOLE),
        ((50, 2, 0, "rent001_a"), State.HOLE),
        ((50, 1, 50, "rent001_a"), State.HOLE),
    ],
)
def test_connections_beyond_those_given_are_seen(monkeypatch: pytest.MonkeyPatch, row: Any, state: State) -> None:
    monkeypatch.setattr(rights, "rows", lambda *_: [row])
    assert cast(Any, rights)._limits({"rent001": 50, "rent001_a": 50}, None, K1).state is state


def field(**live: list[Json]) -> Any:
    admin = SimpleNamespace(items=lambda path: live[path.rpartition("/")[2]])
    at = SimpleNamespace(
        account="1",
        issuer="https://issuer",
        audience="sts",
        identity_provider="tenantry",
        provisioner=None,
        tenants={"k001": (K1, Phase.ACTIVE)},
    )
    return SimpleNamespace(admin=admin, target=at)


def pod(address: str, **spec: Any) -> Json:
    return {"metadata": {"name": "a"}, "spec": spec, "status": {"podIPs": [{"ip": address}]}}


@pytest.mark.parametrize(
    ("pods", "state"),
    [
        ([pod("10.0.0.1")], State.HELD),
        ([pod("10.0.0.2")], State.HOLE),
        ([pod("10.0.0.1", hostNetwork=True)], State.HOLE),
        ([], State.HOLE),
    ],
)
def test_a_service_that_leads_elsewhere_is_seen(
    monkeypatch: pytest.MonkeyPatch, pods: list[Json], state: State
) -> None:
    monkeypatch.setattr(gateway, "SETTLES_SECONDS", 0.0)
    slices = [{"metadata": {"name": "app-x"}, "endpoints": [{"addresses": ["10.0.0.1"]}]}]
    verdict = cast(Any, gateway)._endpoints(field(endpointslices=slices, pods=pods), K1)
    assert verdict.state is state


@pytest.mark.parametrize(("more", "state"), [([], State.HELD), (["acs:ram::1:root"], State.HOLE)])
def test_a_role_that_trusts_more_is_seen(monkeypatch: pytest.MonkeyPatch, more: list[str], state: State) -> None:
    from components.shared.installation import Identity
    from components.shared.ram_policies import to_canonical_json, trust

    document = trust(K1, Identity("1", "https://issuer", "sts"), access=True)
    document["Statement"][1]["Principal"]["RAM"] += more
    answer = {"Role": {"AssumeRolePolicyDocument": to_canonical_json(document)}}
    monkeypatch.setattr(sts_sessions, "_ask", lambda *_, **__: answer)
    assert cast(Any, sts_sessions)._trust(field(), K1).state is state
