"""The tenant's row in the admin database."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from provider.connections import Connections
from provider.failure import Failure, step
from provider.purging import empty_prefixes, refuse_without_proof
from provider.resources.base import Inputs, Kind, Resource

if TYPE_CHECKING:
    from provider.postgresql import Session

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
}
DELETED, PURGED = "deleted", "purged"
ALLOWED: Final = "allowed"  # by a stack that says itself that it may be destroyed

UPSERT: Final = """
INSERT INTO tenants ({columns}) VALUES ({values})
ON CONFLICT (tenant_id) DO UPDATE SET {assignments} WHERE tenants.status <> 'purged'
RETURNING id
"""
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
# A later deletion needs a backup of its own, also one of the same day.
NO_BACKUP: Final = """
UPDATE data_backup_records SET deleted_at = NULL WHERE tenant_code = %(tenantId)s AND deleted_at IS NOT NULL
"""
BEGUN: Final = """
SELECT FROM tenant_resource_cleanup WHERE tenant_code = %(tenantId)s AND resource_type = 'oss' AND status <> 'pending'
"""
ACCOUNT: Final = "INSERT INTO tenant_accounts (tenant_id) VALUES (%(tenantId)s) ON CONFLICT DO NOTHING"
# Once a deletion has run its course the row stays as a tombstone without personal data: no code is used twice.
TOMBSTONE: Final = """
UPDATE tenants SET status = 'purged', contact_name = '', contact_phone = '', contact_email = '', contact_address = '',
    settings = '{}' WHERE tenant_id = %(tenantId)s AND status = 'deleted'
"""
REMOVE: Final = "DELETE FROM tenants WHERE tenant_id = %(tenantId)s AND status NOT IN ('deleted', 'purged')"


class TenantRow(Resource):
    """What the admin service and the gateway know of a tenant, and its billing account from the first day.

    With `purge`, only for a proved backup, the row takes the tenant's objects along when it is removed. Without, the
    row of a deleted tenant is not removed, and so nothing that it stands on is, whatever became of the protection.
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
        "dueOn": "string",
        "purge": "object",
        "removal": "string",
    }
    optional: ClassVar[frozenset[str]] = frozenset(
        {"contactName", "contactPhone", "contactEmail", "settings", "deletedAt", "dueOn", "purge", "removal"}
    )
    identifying: ClassVar[frozenset[str]] = frozenset({"adminDatabase", "tenantId"})

    def identity(self, inputs: Inputs) -> str:
        return f"{inputs['adminDatabase']}/{inputs['tenantId']}"

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from psycopg import sql
        from psycopg.types.json import Jsonb

        from provider.postgresql import explain
        from tenantry.phase import RETENTION

        if inputs.get("purge"):
            refuse_without_proof(at, inputs["adminDatabase"], inputs["tenantId"], inputs["purge"])
        given = {key: inputs[key] for key in COLUMNS if inputs.get(key) is not None}
        if "settings" in given:
            given["settings"] = Jsonb(given["settings"])
        columns = [sql.Identifier(COLUMNS[key]) for key in given]
        statement = sql.SQL(UPSERT).format(
            columns=sql.SQL(", ").join(columns),
            values=sql.SQL(", ").join(sql.Placeholder(key) for key in given),
            assignments=sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(column) for column in columns),
        )
        with step("connecting", explain), at.database(inputs["adminDatabase"]) as session:
            with step("writing the row", explain):
                if session.execute(statement, given).fetchone() is None:
                    raise Failure(
                        f"{inputs['tenantId']} was purged", "codes are never used again: choose the next free one"
                    )
                dates = {"retention": RETENTION, "deleted_at": inputs.get("deletedAt"), "due": inputs.get("dueOn")}
                deletion = DELETION if inputs["status"] == DELETED else NO_DELETION
                session.execute(deletion, {"tenantId": inputs["tenantId"], **dates})
            if inputs["status"] != DELETED:
                with step("cancelling a deletion", explain):
                    _cancel(session, inputs["tenantId"])
            with step("opening the billing account", explain):
                session.execute(ACCOUNT, {"tenantId": inputs["tenantId"]})
        return dict(inputs)

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from psycopg import sql

        from provider.postgresql import DatabaseMissing, explain

        database, _, tenant = identity.partition("/")
        statement = sql.SQL("SELECT {} FROM tenants WHERE tenant_id = %s AND status <> 'purged'").format(
            sql.SQL(", ").join(sql.Identifier(column) for column in COLUMNS.values())
        )
        try:
            with step("reading the row", explain), at.database(database) as session:
                there = session.execute("SELECT to_regclass('public.tenants')").fetchone()
                row = session.execute(statement, [tenant]).fetchone() if there and there[0] else None
        except DatabaseMissing:
            return None
        if row is None:
            return None
        found: dict[str, Any] = {"adminDatabase": database, **dict(zip(COLUMNS, row, strict=True))}
        found |= {key: state[key] for key in ("deletedAt", "dueOn", "purge", "removal") if key in state}
        # An input that was left out has the column's default; it only counts once it is given.
        return {key: value for key, value in found.items() if not state or key in state}

    def remove(self, at: Connections, state: Inputs) -> None:
        from provider.postgresql import DatabaseMissing, explain

        if state.get("purge"):
            empty_prefixes(at, state["adminDatabase"], state["tenantId"], state["purge"])
        elif state["status"] == DELETED and state.get("removal") != ALLOWED:
            raise Failure(
                f"{state['tenantId']} was deleted, and no backup of it was proved: nothing of it is removed",
                "bring its file back as it was; `tenantry purge` says what comes first",
            )
        try:
            with step("removing the row", explain), at.database(state["adminDatabase"]) as session:
                session.execute(TOMBSTONE, {"tenantId": state["tenantId"]})
                session.execute(REMOVE, {"tenantId": state["tenantId"]})
        except DatabaseMissing:
            return


def _cancel(session: "Session", tenant: str) -> None:
    """Raises Failure once objects have begun to go: what is left is no longer the tenant."""
    from tenantry.backup.cleanup import CleanUp

    if session.execute(BEGUN, {"tenantId": tenant}).fetchone() is not None:
        raise Failure(
            f"{tenant} is being removed, and its objects are gone already",
            "bring its tombstone back and run again; its data returns with `tenantry restore` under a new code",
        )
    session.execute(NO_BACKUP, {"tenantId": tenant})
    CleanUp(session, tenant).cancel()
