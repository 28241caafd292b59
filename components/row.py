"""A tenant's row in the admin database: what it says."""

from typing import Any, Final

import pulumi

from components.installation import Installation
from components.keys import Keys
from tenantry.names import ADMIN_DATABASE
from tenantry.operation import OPERATION, operation
from tenantry.phase import Phase
from tenantry.resolved import ResolvedTenant
from tenantry.told import document

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
    """As tenantry:platformStack names one."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def of(tenant: ResolvedTenant, keys: Keys, at: Installation, *, returned: bool = False) -> dict[str, Any]:
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
            "settings": document(tenant) | {OPERATION: operation(tenant), "tokens": keys.accepted()},
        }
    )
