"""The eight steps of opening a tenant, and the statements by which they are recorded in the admin database.

Two record: the provider, whose resources say what they began, brought to an end or failed at, and `tenantry up`, which
sees the resources of other providers begin and fail. Both only ever move a step forward: what is completed stays so, a
step is one row however often it is tried, and every statement may be repeated.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, LiteralString, NamedTuple

VALIDATE: Final = "validate"
DOMAIN: Final = "domain"
DATABASE: Final = "database"
SCHEMA: Final = "schema"
ADMINISTRATOR: Final = "administrator"
AI_MODELS: Final = "ai_models"
STORAGE: Final = "storage"
DONE: Final = "done"
# In the order of their numbers, which are labels: the domain goes live last.
STEPS: Final = (VALIDATE, DOMAIN, DATABASE, SCHEMA, ADMINISTRATOR, AI_MODELS, STORAGE, DONE)

ERROR_LENGTH: Final = 2000  # characters of an error that are kept

_PREPARE: Final = """
INSERT INTO tenant_init_progress (tenant_id, total_steps, status, started_at)
VALUES (%(tenant)s, cardinality(%(names)s::text[]), 'in_progress', now()) ON CONFLICT DO NOTHING
"""
_PREPARE_STEPS: Final = """
INSERT INTO tenant_init_steps (tenant_id, step_name, step_order)
SELECT %(tenant)s, name, number FROM unnest(%(names)s::text[]) WITH ORDINALITY AS steps (name, number)
ON CONFLICT DO NOTHING
"""
# One recorder at a time for a tenant: each counts what the others have recorded.
LOCK_PROGRESS: Final = "SELECT FROM tenant_init_progress WHERE tenant_id = %(tenant)s FOR UPDATE"
_BEGIN: Final = """
UPDATE tenant_init_steps SET status = 'in_progress', started_at = coalesce(started_at, clock_timestamp()),
    error_message = NULL
WHERE tenant_id = %(tenant)s AND step_name = ANY(%(steps)s) AND status IN ('pending', 'failed', 'skipped')
"""
_COMPLETE: Final = """
UPDATE tenant_init_steps SET status = 'completed', started_at = coalesce(started_at, clock_timestamp()),
    completed_at = clock_timestamp(), error_message = NULL
WHERE tenant_id = %(tenant)s AND step_name = ANY(%(steps)s) AND status <> 'completed'
"""
_SKIP: Final = """
UPDATE tenant_init_steps SET status = 'skipped', error_message = NULL
WHERE tenant_id = %(tenant)s AND step_name = ANY(%(steps)s) AND status <> 'completed'
"""
_FAIL: Final = """
UPDATE tenant_init_steps SET status = 'failed', started_at = coalesce(started_at, clock_timestamp()),
    error_message = %(error)s
WHERE tenant_id = %(tenant)s AND step_name = ANY(%(steps)s) AND status <> 'completed'
"""
RECOMPUTE_PROGRESS: Final = """
UPDATE tenant_init_progress SET current_step = found.settled, error_message = found.error,
    status = CASE WHEN found.settled = total_steps THEN 'completed'
        WHEN found.failed THEN 'failed' ELSE 'in_progress' END,
    completed_at = CASE WHEN found.settled = total_steps THEN coalesce(completed_at, clock_timestamp()) END
FROM (
    SELECT count(*) FILTER (WHERE status IN ('completed', 'skipped')) AS settled, bool_or(status = 'failed') AS failed,
        string_agg(step_name || ': ' || error_message, '; ' ORDER BY step_order)
            FILTER (WHERE status = 'failed') AS error
    FROM tenant_init_steps WHERE tenant_id = %(tenant)s
) AS found
WHERE tenant_id = %(tenant)s
"""
# A new tenant's row says `inactive` until its opening is complete.
ACTIVATE_TENANT: Final = """
UPDATE tenants SET status = 'active' WHERE tenant_id = %(tenant)s AND status = 'inactive'
AND EXISTS (SELECT FROM tenant_init_progress WHERE tenant_id = %(tenant)s AND status = 'completed')
"""

Statement = tuple[LiteralString, dict[str, Any]]


class Change(NamedTuple):
    """Changes to record for one tenant, in this order; a step is named once."""

    begun: Iterable[str] = ()
    completed: Iterable[str] = ()
    skipped: Iterable[str] = ()
    failed: Iterable[str] = ()
    error: str = ""


def record(tenant: str, change: Change) -> Iterator[Statement]:
    """The statements of one transaction. Raises ValueError for a step that is none."""
    named: dict[LiteralString, list[str]] = {
        _BEGIN: list(change.begun),
        _COMPLETE: list(change.completed),
        _SKIP: list(change.skipped),
        _FAIL: list(change.failed),
    }
    if unknown := {step for steps in named.values() for step in steps}.difference(STEPS):
        raise ValueError(f"no steps of an opening: {', '.join(sorted(unknown))}")
    whose: dict[str, Any] = {"tenant": tenant, "names": list(STEPS)}
    yield _PREPARE, whose
    yield LOCK_PROGRESS, whose
    yield _PREPARE_STEPS, whose
    for statement, steps in named.items():
        if steps:
            yield statement, {"tenant": tenant, "steps": steps, "error": change.error[:ERROR_LENGTH]}
    yield RECOMPUTE_PROGRESS, whose
    if named[_COMPLETE] or named[_SKIP]:
        yield ACTIVATE_TENANT, whose
