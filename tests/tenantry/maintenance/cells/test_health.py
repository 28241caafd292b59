"""What the gate takes for well: by what the cluster, the server and the admin database say of each tenant."""

from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.engine.run.onboarding_recorder import Opening
from tenantry.maintenance.cells import health
from tenantry.maintenance.cells.health import database_problems, deployment_problems, opening_problems
from tenantry.model.tenant_record import TenantRecord

PHASES = {"k001": "active", "k002": "asleep", "k003": "suspended", "k004": "retained"}
TENANTS = {
    code: TenantRecord(phase, "main", database=f"rent{code[1:]}", namespace=f"tenant-{code}")
    for code, phase in PHASES.items()
}


def deployment(wanted: int | None = 2, available: int = 2, updated: int = 2, seen: int = 3) -> dict[str, Any]:
    spec = {} if wanted is None else {"replicas": wanted}
    status = {"availableReplicas": available, "updatedReplicas": updated, "observedGeneration": seen}
    return {"metadata": {"name": "app", "generation": 3}, "spec": spec, "status": status}


def opening(code: str, status: str) -> Opening:
    return Opening(code, status, 3, 8, "", 1, ("storage",), ())


@pytest.mark.parametrize(
    ("items", "problems"),
    [
        ([deployment()], []),
        ([deployment(), deployment(wanted=0, available=0, updated=0)], []),
        ([deployment(wanted=None, available=1, updated=1)], []),
        ([deployment(wanted=None, available=0, updated=1)], ["of the deployment app 0 of 1 pods are available"]),
        ([deployment(), deployment(available=1)], ["of the deployment app 1 of 2 pods are available"]),
        ([deployment(updated=1)], ["of the deployment app 2 of 2 pods are available, not all of them new"]),
        ([deployment(seen=2)], ["the deployment app is not rolled out yet"]),
        ([{"metadata": {"name": "app", "generation": 1}}], ["the deployment app is not rolled out yet"]),
        ([], ["it has no deployment"]),
    ],
)
def test_deployments(items: list[dict[str, Any]], problems: list[str]) -> None:
    assert list(deployment_problems(items)) == problems


def test_who_has_access_has_a_database() -> None:
    session: Any = SimpleNamespace(execute=lambda _, values: SimpleNamespace(fetchall=lambda: [(values[0][0],)]))
    assert list(database_problems(TENANTS, session)) == ["k002: the database rent002 takes no connections"]


@pytest.mark.parametrize(
    ("openings", "problems"),
    [
        ({"k001": opening("k001", "completed"), "k002": opening("k002", "failed")}, []),
        ({"k001": opening("k001", "in_progress")}, ["k001: its opening is not complete: 3/8 storage …"]),
        ({}, ["k001: its opening is not complete: it has not begun"]),
    ],
)
def test_who_runs_is_open(openings: dict[str, Opening], problems: list[str]) -> None:
    assert list(opening_problems(TENANTS, openings)) == problems


@pytest.mark.parametrize(("patience", "is_stopped", "looks"), [(0, False, 1), (60, False, 3), (60, True, 1)])
def test_it_looks_again_until_all_is_well_or_the_patience_is_over(
    patience: float, is_stopped: bool, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["a"], ["a"], []]
    operations: list[Any] = []

    def look(operation: Any) -> list[str]:
        operations.append(operation)
        return answers[len(operations) - 1]

    monkeypatch.setattr(health, "_look", look)
    operation: Any = object()
    assert health.problems_of(operation, patience, lambda _: is_stopped) == answers[looks - 1]
    assert len(operations) == looks
