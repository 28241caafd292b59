"""The last look at a stack for drift: in the admin database, which outlives every runner and every checkout."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tenantry.database.history.drift_looks import PREFIX
from tenantry.engine.clients.postgresql import DatabaseUnavailable, Server
from tenantry.engine.errors import CommandError
from tenantry.inspection.drift.model import TITLES, Drift
from tenantry.names import ADMIN_DATABASE

TOO_LONG: Final = timedelta(days=1)
_TABLE: Final = "SELECT to_regclass('public.system_config')"
_READ: Final = "SELECT config_value ->> 'at' FROM system_config WHERE config_key = %s"
_WRITE: Final = """
INSERT INTO system_config (config_key, config_value, description) VALUES (%s, %s, 'the last look for drift')
ON CONFLICT (config_key) DO UPDATE SET config_value = excluded.config_value
"""


@dataclass(frozen=True, slots=True)
class LastLook:
    """`at` is None where nobody has looked yet."""

    at: datetime | None

    def reminder(self, now: datetime) -> str:
        """The text for whoever runs something; empty within a day of a look."""
        if self.at is None:
            return "nobody has looked for drift yet: `tenantry drift` tells what others have changed"
        if (age := now - self.at) <= TOO_LONG:
            return ""
        days = age // TOO_LONG
        since = f"{days} days" if days > 1 else "more than a day"
        return f"the last look for drift was {since} ago ({self.at:%Y-%m-%d %H:%M} UTC): `tenantry drift`"


def read_last_look(server: Callable[[], Server], stack: str) -> LastLook | None:
    """None where it cannot be known: there is no admin database yet, or it does not answer."""
    import psycopg

    try:
        with server().session(ADMIN_DATABASE) as session:
            there = session.execute(_TABLE).fetchone()
            if not there or there[0] is None:
                return None
            row = session.execute(_READ, [PREFIX + stack]).fetchone()
    except (DatabaseUnavailable, CommandError, psycopg.Error):
        return None
    return LastLook(datetime.fromisoformat(row[0]).astimezone(UTC) if row else None)


def record_look(server: Callable[[], Server], drift: Drift) -> str:
    """Only of a look that saw everything. Returns why it could not be recorded; empty when it was."""
    import psycopg

    worst = TITLES[drift.worst] if drift.worst is not None else "clean"
    value = json.dumps({"at": drift.looked_at, "findings": len(drift.findings), "worst": worst})
    try:
        with server().session(ADMIN_DATABASE) as session:
            session.execute(_WRITE, [PREFIX + drift.stack, value])
    except (DatabaseUnavailable, CommandError, psycopg.Error) as error:
        return f"that it was looked at cannot be recorded: {' '.join(str(error).split())}"
    return ""
