"""The day's quantities for the bill, as far as the platform knows them: rows of billing_records that nobody has priced.

What is not known has no row. What only the application knows it writes itself.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tenantry.names import ADMIN_DATABASE

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]
    Connect = Callable[[str], AbstractContextManager[Session]]

ITEMS: Final = ("users", "storage", "databases")
# Of today, by the server's clock. The application may have written a row of the day with nothing but its own figures:
# no users and no measurement is no count.
RECORD: Final = """
WITH living AS (
    SELECT figures.tenant_id, database_name, total_users, storage_bytes, measured_at
    FROM tenant_figures AS figures LEFT JOIN tenant_user_statistics AS counted
        ON counted.tenant_id = figures.tenant_id AND counted_on = current_date
    WHERE phase IN ('active', 'suspended')
), known (tenant_id, item, quantity) AS (
    SELECT tenant_id, 'users', CASE WHEN measured_at IS NOT NULL OR total_users > 0 THEN total_users END FROM living
    UNION ALL SELECT tenant_id, 'storage', CASE WHEN measured_at IS NOT NULL THEN storage_bytes END FROM living
    UNION ALL SELECT tenant_id, 'databases', CASE WHEN datname IS NOT NULL THEN 1 END
    FROM living LEFT JOIN pg_database ON datname = database_name
), written AS (
    INSERT INTO billing_records AS record (tenant_id, item, quantity, period_start, period_end)
    SELECT tenant_id, item, quantity, current_date, current_date FROM known WHERE quantity IS NOT NULL
    ON CONFLICT (tenant_id, item, period_start, period_end) DO UPDATE SET quantity = EXCLUDED.quantity
    WHERE record.amount IS NULL AND record.status = 'open' AND record.quantity <> EXCLUDED.quantity
    RETURNING 1
)
SELECT current_date, tenant_id, item, quantity IS NOT NULL, (SELECT count(*) FROM written) FROM known
ORDER BY length(tenant_id), tenant_id
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A day's rows: how many were new or other than before, and code -> items of which nothing is known."""

    day: date | None  # None: there is nobody
    written: int
    unknown: dict[str, list[str]]

    def __str__(self) -> str:
        missing = "; ".join(f"{code}: {', '.join(items)}" for code, items in self.unknown.items())
        return (
            f"{self.day or 'nobody'}: {self.written} rows for the bill{f', not known of {missing}' if missing else ''}"
        )


def record_day(connect: "Connect") -> Recorded:
    """Writes today's rows of all tenants that are served or suspended; again, it replaces what nobody has priced."""
    with connect(ADMIN_DATABASE) as session:
        rows = session.execute(RECORD).fetchall()
    unknown: dict[str, list[str]] = {}
    for _, tenant, item, is_known, _ in rows:
        if not is_known:
            unknown.setdefault(str(tenant), []).append(str(item))
    return Recorded(rows[0][0] if rows else None, int(rows[0][4]) if rows else 0, unknown)
