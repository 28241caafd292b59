"""Inputs of the steps of a deletion: the backup, and the removal of the tenant's objects."""

from typing import Any, Final

from components.shared.installation import Installation
from tenantry.model.lifecycle import Phase
from tenantry.model.resolved import ResolvedTenant
from tenantry.model.resources.catalogue import CLEAN_UP
from tenantry.names import ADMIN_DATABASE

DELETED: Final = (Phase.RETAINED, Phase.DUE)


def backup(tenant: ResolvedTenant, at: Installation) -> dict[str, Any]:
    """Inputs of the last backup, one a day of deletion. The day it falls due only moves the plan."""
    names, spec = tenant.names, tenant.spec
    dates = {"deletedAt": spec.deleted_at, "dueOn": tenant.due_on}
    return {
        **_where(tenant, at),
        **{key: value.isoformat() for key, value in dates.items() if value is not None},
        "names": {"domain": names.domain} | {row.kind: row.name(names) for row in CLEAN_UP},
    }


def removal(tenant: ResolvedTenant, at: Installation, *, protect: bool) -> dict[str, Any]:
    """Inputs for the removal of the tenant's objects once nothing of it is declared: see
    provider/resources/object_removal.py.
    """
    if tenant.phase is Phase.PURGING:
        where, deleted_at = _where(tenant, at), tenant.spec.deleted_at
        of_deletion = {"proof": tenant.spec.proof} | ({"deletedAt": deleted_at.isoformat()} if deleted_at else {})
        return {"purge": {**of_deletion, **{key: where[key] for key in ("prefix", "buckets", "vault")}}}
    if not protect:
        return {}
    return {"removal": "refused"} if tenant.phase in DELETED else {}


def _where(tenant: ResolvedTenant, at: Installation) -> dict[str, Any]:
    names = tenant.names
    return {
        "adminDatabase": ADMIN_DATABASE,
        "code": names.code,
        "database": names.database,
        "prefix": names.prefix,
        "buckets": {bucket.name: bucket.region for bucket in (at.system, at.photos)},
        "vault": {"bucket": at.backups.name, "region": at.backups.region},
    }
