"""Exceptions from the rules: for one tenant and one rule, with a reason, and never for good."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from policies.model.resource import PLATFORM
from policies.model.values import mapping, sequence, text
from tenantry.names import CODE

EVERYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Exemption:
    tenant: str  # a code, `platform` for what is no tenant's, or `*`
    rule: str
    reason: str
    expiry: date  # the last day on which it holds

    def covers(self, tenant: str, rule: str) -> bool:
        return self.rule == rule and self.tenant in (tenant, EVERYBODY)

    def __str__(self) -> str:
        return f"{self.tenant}, {self.rule}, until {self.expiry.isoformat()}: {self.reason}"


def schema(rules: Sequence[str]) -> Mapping[str, Any]:
    """The engine refuses to start with a list that does not look so: no reason, no expiry, no such rule."""
    return {
        "type": "array",
        "description": "Exceptions: for one tenant and one rule, with a reason and the last day on which they hold",
        "default": [],
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["tenant", "rule", "reason", "expiry"],
            "properties": {
                "tenant": {"type": "string", "pattern": rf"^({CODE.pattern}|{PLATFORM}|\*)$"},
                "rule": {"type": "string", "enum": list(rules)},
                "reason": {"type": "string", "minLength": 10},
                "expiry": {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"},
            },
        },
    }


def read(entries: Any) -> Iterator[Exemption]:
    """Raises ValueError for a day such as 30 February, which the schema cannot see: nothing runs with that."""
    for entry in sequence(entries):
        one = mapping(entry)
        yield Exemption(
            tenant=text(one.get("tenant")),
            rule=text(one.get("rule")),
            reason=text(one.get("reason")),
            expiry=date.fromisoformat(text(one.get("expiry"))),
        )
