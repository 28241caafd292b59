"""The last look for drift at each stack, as the admin database keeps it (written by `tenantry drift`)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

# And the stack's name: a key of system_config. The view of these rows is provider/migrations/admin/0014_exporter.sql.
PREFIX: Final = "tenantry.drift."
_READ: Final = "SELECT config_key, config_value::text FROM drift_looks ORDER BY 1"
_STACK: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_GRAVITY: Final = re.compile(r"[a-z ]{1,40}")


@dataclass(frozen=True, slots=True)
class DriftLook:
    stack: str
    at: datetime
    findings: int
    worst: str  # the gravest class that was found; `clean` where nothing differs


def read_drift_looks(session: "Session") -> list[DriftLook]:
    """By stack. A row that is none is left out: whoever may write rows of that table must not silence all others."""
    looks = (_look(str(key), str(value)) for key, value in session.execute(_READ).fetchall())
    return [look for look in looks if look is not None]


def _look(key: str, value: str) -> DriftLook | None:
    stack = key.removeprefix(PREFIX)
    try:
        document: object = json.loads(value)
        if not isinstance(document, Mapping):
            return None
        fields = cast(Mapping[str, object], document)
        at, findings, worst = fields["at"], fields["findings"], fields["worst"]
        if not (isinstance(at, str) and isinstance(findings, int) and isinstance(worst, str)):
            return None
        moment = datetime.fromisoformat(at)
    except (ValueError, KeyError):
        return None
    if not (_STACK.fullmatch(stack) and _GRAVITY.fullmatch(worst) and moment.tzinfo):
        return None
    return DriftLook(stack, moment.astimezone(UTC), findings, worst)
