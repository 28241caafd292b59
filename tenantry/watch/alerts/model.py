"""Alerting and recording rules as values. A rule is for all tenants at once, by a join; there is none for a tenant."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

RUNBOOKS: Final = "docs/runbooks"
INFO: Final = "tenant:info"  # plan, stack and phase of each tenant, once
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Severity(StrEnum):
    """`critical` wakes somebody, `warning` waits for the morning, `info` is for a look at the week."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Recording:
    """A series that is worked out at each evaluation, so that alerts and dashboards read one figure."""

    name: str
    expression: str

    def as_rule(self) -> dict[str, Any]:
        return {"record": self.name, "expr": self.expression}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One row of the table. Rows of one name share a page; they differ in severity or in what is measured."""

    requirement: str  # in the requirements' own words
    name: str
    expression: str
    lasts: str  # how long it must be so, as Prometheus writes it
    severity: Severity
    summary: str  # with {{ $labels.tenant }} and the like
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def page(self) -> str:
        """The name of its page in docs/runbooks: tenant-quota-used.md."""
        return f"{_WORDS.sub('-', self.name).lower()}.md"

    def as_rule(self, runbooks: str) -> dict[str, Any]:
        """`runbooks` is the address of the folder, without a slash at its end."""
        return {
            "alert": self.name,
            "expr": self.expression,
            **({} if self.lasts == "0s" else {"for": self.lasts}),
            "labels": {"severity": str(self.severity), **self.labels},
            "annotations": {"summary": self.summary, "runbook_url": f"{runbooks}/{self.page}"},
        }


Rules = tuple[Recording | Alert, ...]
"""In the order in which they are evaluated."""


def with_plan(expression: str) -> str:
    """Plan and stack as labels beside the tenant's; without them where the exporter says nothing of the tenant."""
    joined = f"({expression}) * on (tenant) group_left (plan, stack) {INFO}"
    return f"{joined} or on (tenant) ({expression})"
