"""The tenant's row in the admin database."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from provider.errors import ResourceFailure, error_context
from provider.resources.base import Inputs, Kind, Resource
from provider.resources.onboarding import Onboarding
from provider.resources.rows import ai_models
from provider.resources.rows.personal_data import forget_people
from provider.systems.connections import Connections
from provider.systems.host_name import refuse_foreign
from tenantry.database.onboarding_steps import AI_MODELS, DATABASE, DOMAIN, STORAGE, VALIDATE, Change

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

COLUMNS: Final = {
    "tenantId": "tenant_id",
    "name": "name",
    "domain": "domain",
    "databaseName": "database_name",
    "status": "status",
    "planType": "plan_type",
    "maxUsers": "max_users",
    "maxStorage": "max_storage",
    "contactName": "contact_name",
    "contactPhone": "contact_phone",
    "contactEmail": "contact_email",
    "settings": "settings",
    "heldBy": "held_by",
}
ACTIVE, DELETED, PURGED = "active", "deleted", "purged"
# What is begun once the row says that code, domain, database and phone are this tenant's and nobody else's.
NEXT: Final = (DOMAIN, DATABASE, STORAGE)
UNWRITTEN: Final = ("deletedAt", "dueOn", "opening", "returned", "address")  # inputs that are no column

UPSERT: Final = """
INSERT INTO tenants ({columns}) VALUES ({values})
ON CONFLICT (tenant_id) DO UPDATE SET {assignments}
RETURNING id
"""
LOCK_ROW: Final = "SELECT status = 'purged', held_by FROM tenants WHERE tenant_id = %(tenantId)s FOR UPDATE"
# A new tenant is inactive until its opening is complete; one that was active before is not made less.
NOT_YET: Final = """
SELECT NOT EXISTS (SELECT FROM tenant_init_progress WHERE tenant_id = %(tenantId)s AND status = 'completed')
    AND NOT EXISTS (SELECT FROM tenants WHERE tenant_id = %(tenantId)s AND status <> 'inactive')
"""
OPENED: Final = "SELECT FROM tenant_init_progress WHERE tenant_id = %s AND status = 'completed'"
# The grace period counts from the later of the file's date and the day on which the platform first saw it.
DELETION: Final = """
UPDATE tenants SET deleted_at = seen.said, deletion_seen_at = seen.at,
    scheduled_deletion_at = coalesce(%(due)s::timestamptz, greatest(seen.said, seen.at) + %(retention)s)
FROM (SELECT id, coalesce(%(deleted_at)s::timestamptz, deleted_at, now()) AS said,
          coalesce(deletion_seen_at, now()) AS at FROM tenants WHERE tenant_id = %(tenantId)s) AS seen
WHERE tenants.id = seen.id
"""
NO_DELETION: Final = """
UPDATE tenants SET deleted_at = NULL, deletion_seen_at = NULL, scheduled_deletion_at = NULL
WHERE tenant_id = %(tenantId)s AND coalesce(deleted_at, deletion_seen_at, scheduled_deletion_at) IS NOT NULL
"""
# A later deletion needs a backup and a proof of its own, also one of the same day. What was set aside for the purge
# expires there; the backup stays among the others, as one of the schedule.
NO_BACKUP: Final = """
UPDATE data_backup_records SET deleted_at = NULL,
    status = CASE status WHEN 'verified' THEN 'completed' ELSE status END,
    expires_at = CASE status WHEN 'verified' THEN NULL ELSE expires_at END,
    location = regexp_replace(location, '/purged/([^/]+)/backups/', '/backups/\\1/')
WHERE tenant_code = %(tenantId)s AND (deleted_at IS NOT NULL OR status = 'verified')
"""
ACCOUNT: Final = "INSERT INTO tenant_accounts (tenant_id) VALUES (%(tenantId)s) ON CONFLICT DO NOTHING"
# Once a deletion has run its course the row stays as a tombstone without personal data: no code is used twice.
TOMBSTONE: Final = """
UPDATE tenants SET status = 'purged', name = tenant_id, contact_name = '', contact_phone = '', contact_email = '',
    contact_address = '', settings = '{}' WHERE tenant_id = %(tenantId)s AND status = 'deleted' RETURNING id
"""
REMOVE: Final = """
WITH gone AS (
        DELETE FROM tenants WHERE tenant_id = %(tenantId)s AND status NOT IN ('deleted', 'purged') RETURNING tenant_id
    ), steps AS (DELETE FROM tenant_init_steps USING gone WHERE tenant_init_steps.tenant_id = gone.tenant_id)
DELETE FROM tenant_init_progress USING gone WHERE tenant_init_progress.tenant_id = gone.tenant_id
"""


class TenantRow(Resource):
    """A tenant's row for the admin service and the gateway, and its billing account from the first day.

    The first resource of an opening: that nobody else has what this tenant is to have is checked by writing it down.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {
        "adminDatabase": "string",
        "tenantId": "string",
        "name": "string",
        "domain": "string",
        "databaseName": "string",
        "status": "string",
        "planType": "string",
        "maxUsers": "number",
        "maxStorage": "number",
        "contactName": "string",
        "contactPhone": "string",
        "contactEmail": "string",
        "settings": "object",
        "deletedAt": "string",
        "opening": "object",
        "dueOn": "string",
        "heldBy": "string",  # the stack; no other writes or removes the row
        "address": "string",  # the gateway's: no record of the domain may lead elsewhere when it is opened
        "returned": "string",  # once a run has seen its tombstone: makes this one look whether anything is gone
    }
    optional: ClassVar[frozenset[str]] = frozenset(
        {"contactName", "contactPhone", "contactEmail", "settings", "heldBy", *UNWRITTEN}
    )
    identifying: ClassVar[frozenset[str]] = frozenset({"adminDatabase", "tenantId"})

    def identity(self, inputs: Inputs) -> str:
        return f"{inputs['adminDatabase']}/{inputs['tenantId']}"

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from provider.systems.postgresql import explain

        opening = Onboarding.of(at, inputs)
        gets_its_domain = bool(inputs.get("address")) and self._gets_its_domain(at, inputs, before)
        with opening.step(VALIDATE):
            if gets_its_domain:
                refuse_foreign(at, inputs["tenantId"], inputs["domain"], inputs["address"])
            self._write(at, inputs, is_opened_here=bool(opening.tenant))
        opening.write(Change(begun=NEXT))
        with (
            opening.step(AI_MODELS),
            error_context("enabling AI models", explain),
            at.database(inputs["adminDatabase"]) as session,
        ):
            ai_models.enable(session, inputs["tenantId"], inputs.get("settings"))
        return dict(inputs)

    def _gets_its_domain(self, at: Connections, inputs: Inputs, before: Inputs) -> bool:
        """Tells whether the domain is to be checked: until the onboarding is complete, and when a deletion is
        cancelled.
        """
        from provider.systems.postgresql import explain

        if inputs["status"] == DELETED or before.get("status") == DELETED:
            return inputs["status"] != DELETED
        with error_context("reading the opening", explain), at.database(inputs["adminDatabase"]) as session:
            return session.execute(OPENED, [inputs["tenantId"]]).fetchone() is None

    def _write(self, at: Connections, inputs: Inputs, *, is_opened_here: bool) -> None:
        from psycopg import sql
        from psycopg.types.json import Jsonb

        from provider.systems.postgresql import explain
        from tenantry.model.lifecycle import RETENTION

        given = {key: inputs[key] for key in COLUMNS if inputs.get(key) is not None}
        if "settings" in given:
            given["settings"] = Jsonb(given["settings"])
        columns = [sql.Identifier(COLUMNS[key]) for key in given]
        statement = sql.SQL(UPSERT).format(
            columns=sql.SQL(", ").join(columns),
            values=sql.SQL(", ").join(sql.Placeholder(key) for key in given),
            assignments=sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(column) for column in columns),
        )
        with error_context("connecting", explain), at.database(inputs["adminDatabase"]) as session:
            with error_context("writing the row", explain), session.transaction():
                _refuse_taken(session, inputs["tenantId"], inputs.get("heldBy"))
                if is_opened_here and inputs["status"] == ACTIVE and _true(session.execute(NOT_YET, given).fetchone()):
                    given["status"] = "inactive"
                session.execute(statement, given)
                dates = {"retention": RETENTION, "deleted_at": inputs.get("deletedAt"), "due": inputs.get("dueOn")}
                deletion = DELETION if inputs["status"] == DELETED else NO_DELETION
                session.execute(deletion, {"tenantId": inputs["tenantId"], **dates})
            if inputs["status"] != DELETED:
                with error_context("cancelling a deletion", explain):
                    _cancel(session, inputs["tenantId"])
            with error_context("opening the billing account", explain):
                session.execute(ACCOUNT, {"tenantId": inputs["tenantId"]})

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from psycopg import sql

        from provider.systems.postgresql import DatabaseMissing, explain

        database, _, tenant = identity.partition("/")
        statement = sql.SQL("SELECT {} FROM tenants WHERE tenant_id = %s AND status <> 'purged'").format(
            sql.SQL(", ").join(sql.Identifier(column) for column in COLUMNS.values())
        )
        try:
            with error_context("reading the row", explain), at.database(database) as session:
                there = session.execute("SELECT to_regclass('public.tenants')").fetchone()
                row = session.execute(statement, [tenant]).fetchone() if there and there[0] else None
        except DatabaseMissing:
            return None
        if row is None:
            return None
        values: dict[str, Any] = {"adminDatabase": database, **dict(zip(COLUMNS, row, strict=True))}
        values |= {key: state[key] for key in UNWRITTEN if key in state}
        # An input that was left out has the column's default; it only counts once it is given.
        return {key: value for key, value in values.items() if (not state and value is not None) or key in state}

    def remove(self, at: Connections, state: Inputs) -> None:
        from provider.systems.postgresql import DatabaseMissing, explain

        try:
            with (
                error_context("removing the row", explain),
                at.database(state["adminDatabase"]) as session,
                session.transaction(),
            ):
                _refuse_held(session, state["tenantId"], state.get("heldBy"))
                if session.execute(TOMBSTONE, {"tenantId": state["tenantId"]}).fetchone():
                    forget_people(session, state["tenantId"])
                session.execute(REMOVE, {"tenantId": state["tenantId"]})
        except DatabaseMissing:
            return


def _true(row: tuple[Any, ...] | None) -> bool:
    return row is not None and bool(row[0])


def _refuse_taken(session: "Session", tenant: str, stack: str | None) -> None:
    """Raises Failure for a row that is another's, or of a tenant who is going or gone: whatever its file says now."""
    from tenantry.backup.cleanup_plan import CleanUp

    if _refuse_held(session, tenant, stack):
        raise ResourceFailure(f"{tenant} was purged", "codes are never used again: choose the next free one")
    if CleanUp(session, tenant).is_too_late:
        raise ResourceFailure(
            f"{tenant} is being removed, and its objects are gone already",
            "bring its tombstone back and run again; its data returns with `tenantry restore` under a new code",
        )


def _refuse_held(session: "Session", tenant: str, stack: str | None) -> bool:
    """Raises Failure for another stack's row; else whether it is of a purged tenant. Holds it until the end."""
    is_purged, holder = session.execute(LOCK_ROW, {"tenantId": tenant}).fetchone() or (False, None)
    if holder is not None and holder != stack:
        raise ResourceFailure(
            f"the stack {holder} holds {tenant}",
            "nothing was changed. Where that stack still runs, take the file out of this one, or write the `cell:` that"
            " it had back. Where it was renamed or is no more, hand the tenant over: docs/life.md, "
            '"A tenant that another stack holds"',
        )
    return bool(is_purged)


def _cancel(session: "Session", tenant: str) -> None:
    from tenantry.backup.cleanup_plan import CleanUp

    session.execute(NO_BACKUP, {"tenantId": tenant})
    CleanUp(session, tenant).cancel()
