"""A fleet in which everything occurs once, and whose texts were written by somebody who means harm."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from tenantry.database.history.drift_looks import DriftLook
from tenantry.database.history.reading import PastRun
from tenantry.watch.overview.facts import OpeningStep, Overview
from tenantry.watch.tenant_facts import Quota, TenantFacts

NOW: Final = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style></script><iframe src=//evil.test>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)//' onmouseover='x",
    "\u202eevil\u202c & <b>bold</b>",
)
PRICES: Final = {"basic": 299.0, "standard": 799.0, "premium": 1999.0, "enterprise": 5999.0}


def tenant(
    number: int, phase: str = "active", name: str = "", plan: str = "standard", used: int | None = 40
) -> TenantFacts:
    marks = (75, 90, 95)
    return TenantFacts(
        code=f"k{number:03}",
        name=name or f"示例幼儿园 {number}",
        plan=plan,
        stack="organization/tenantry/prod",
        phase=phase,
        database=f"rent{number:03}",
        monthly_price=PRICES[plan],
        schema_version=3,
        deletion_due_at=NOW + timedelta(days=number % 10) if phase in ("retained", "due") else None,
        connection_limit=60,
        connections=number % 60,
        database_bytes=number * 30_000_000,
        objects=number * 100,
        quotas={
            "users": Quota("users", 200, "users", "none", marks, used, "tenant_user_statistics", NOW),
            "storage": Quota("storage", 40 * 2**30, "bytes", "none", marks, None, "tenantry usage --measure"),
            "databases": Quota("databases", 1, "databases", "none", marks, 1, "the database server"),
        },
    )


def run(result: str, error: str | None = None) -> PastRun:
    return PastRun(
        UUID(int=len(result)), "up", "prod", HOSTILE[0], "0123456789abcdef", False, HOSTILE[4], "runner", "0.1.0",
        NOW - timedelta(hours=1), NOW, result, error,
    )  # fmt: skip


def fleet(count: int = 12) -> Overview:
    plans = list(PRICES)
    tenants = [tenant(number, plan=plans[number % 4], used=number * 9 % 110 * 2) for number in range(1, count + 1)]
    tenants += [tenant(100 + index, name=text) for index, text in enumerate(HOSTILE)]
    tenants += [tenant(201, "suspended"), tenant(202, "retained"), tenant(203, "opening"), tenant(205, used=192)]
    return Overview(
        at=NOW,
        stack="prod",
        tenants=tenants,
        backups={facts.code: NOW - timedelta(hours=9) for facts in tenants if facts.code != "k201"},
        openings=[
            OpeningStep("k203", "storage", "failed", NOW - timedelta(hours=2), HOSTILE[1]),
            OpeningStep("k203", "domain", "in_progress", None, ""),
        ],
        looks=[
            DriftLook("prod", NOW - timedelta(hours=16), 2, "isolation broken"),
            DriftLook("prod-c02", NOW - timedelta(days=3), 0, "clean"),
        ],
        runs=[run("ok"), run("failed", HOSTILE[2]), run("killed")],
    )
