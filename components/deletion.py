"""What the steps of a deletion are told: the backup, and the row that takes the objects along."""

from typing import Any

from components.installation import Installation
from tenantry.names import ADMIN_DATABASE
from tenantry.phase import Phase
from tenantry.resolved import ResolvedTenant


def backup(tenant: ResolvedTenant, at: Installation) -> dict[str, Any]:
    """One for each day of deletion: another day makes another backup. The day it falls due only moves the plan."""
    names, spec = tenant.names, tenant.spec
    dates = {"deletedAt": spec.deleted_at, "dueOn": tenant.due_on}
    return {
        **_where(tenant, at),
        **{key: value.isoformat() for key, value in dates.items() if value is not None},
        "names": {"domain": names.domain, "namespace": names.namespace, "role": names.ram_role},
    }


def removal(tenant: ResolvedTenant, at: Installation, *, protect: bool) -> dict[str, Any]:
    """For the tenant's row while protection is lifted: by a purge with its proof, or for a stack that is to go."""
    if tenant.phase is not Phase.PURGING:
        return {} if protect else {"removal": "allowed"}
    where = _where(tenant, at)
    return {"purge": {"proof": tenant.spec.proof, **{key: where[key] for key in ("prefix", "buckets", "vault")}}}


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
