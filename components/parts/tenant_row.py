"""A tenant's row in the admin database: what it says."""

from typing import Any, Final

import pulumi

from components.shared.credentials import TenantCredentials
from components.shared.installation import Installation
from tenantry.model.app_settings import app_settings
from tenantry.model.infra_settings import INFRA_SETTINGS, infra_settings
from tenantry.model.lifecycle import Phase
from tenantry.model.resolved import ResolvedTenant
from tenantry.names import ADMIN_DATABASE

# The admin service knows fewer states than a life has; what removes data is recorded elsewhere.
STATUS: Final = {
    Phase.ACTIVE: "active",
    Phase.ASLEEP: "active",
    Phase.SUSPENDED: "suspended",
    Phase.RETAINED: "deleted",
    Phase.DUE: "deleted",
    Phase.PURGING: "deleted",
}


def this_stack() -> str:
    """This stack's name in the form of tenantry:platformStack."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def of(tenant: ResolvedTenant, keys: TenantCredentials, at: Installation, *, returned: bool = False) -> dict[str, Any]:
    spec, names = tenant.spec, tenant.names
    dates = {"deletedAt": spec.deleted_at, "dueOn": tenant.due_on}
    deletion = {key: value.isoformat() for key, value in dates.items() if value is not None}
    return (
        deletion
        | ({"returned": "from a tombstone"} if returned else {})
        | {
            "heldBy": this_stack(),
            "adminDatabase": ADMIN_DATABASE,
            "tenantId": names.code,
            "name": spec.name,
            "domain": names.domain,
            "address": at.gateway.address,
            "databaseName": names.database,
            "status": STATUS[tenant.phase],
            "planType": spec.plan,
            "maxUsers": tenant.max_users,
            "maxStorage": tenant.max_storage,
            "contactName": spec.contact.name,
            "contactPhone": spec.phone,
            "contactEmail": spec.contact.email,
            "settings": app_settings(tenant) | {INFRA_SETTINGS: infra_settings(tenant), "tokens": keys.accepted()},
        }
    )
