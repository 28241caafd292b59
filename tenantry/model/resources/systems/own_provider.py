"""Our own provider: steps in PostgreSQL, object storage and the admin database. Its kinds are allowed as a whole."""

from typing import Final

from tenantry.model.resources.facts import (
    ACCESS,
    DATA,
    DATABASE,
    HARMLESS,
    ISOLATION,
    LIMIT,
    DriftGravity,
    ResourceKind,
)
from tenantry.names import CODE

_REMARKS: Final = ("name", "contactName", "contactPhone", "contactEmail", "address", "settings")
KINDS: Final = {
    "tenantry:index:CloneRights": ResourceKind(
        claims={"database": DATABASE, "owner": DATABASE},
        drift=DriftGravity(ACCESS, ISOLATION),  # each line of its `drift` on its own: inspection/drift/lines.py
    ),
    "tenantry:index:ClosedDatabases": ResourceKind(drift=DriftGravity(ISOLATION, ISOLATION)),
    "tenantry:index:ReadGrants": ResourceKind(claims={"database": DATABASE}, drift=DriftGravity(ACCESS, ISOLATION)),
    "tenantry:index:Sessions": ResourceKind(drift=DriftGravity(ACCESS, ACCESS)),
    "tenantry:index:Migrations": ResourceKind(drift=DriftGravity(DATA, DATA)),
    "tenantry:index:Seed": ResourceKind(claims={"database": DATABASE}, drift=DriftGravity(ACCESS, HARMLESS)),
    "tenantry:index:TenantRow": ResourceKind(
        claims={"tenantId": CODE, "databaseName": DATABASE},
        drift=DriftGravity(
            DATA,
            ACCESS,
            {
                "planType": LIMIT,
                "maxUsers": LIMIT,
                "maxStorage": LIMIT,
                "heldBy": ISOLATION,
                **dict.fromkeys(_REMARKS, HARMLESS),
            },
        ),
    ),
    "tenantry:index:Directories": ResourceKind(holds_data=True, drift=DriftGravity(DATA, HARMLESS)),
    "tenantry:index:Backup": ResourceKind(drift=DriftGravity(DATA, DATA)),
    "tenantry:index:Opened": ResourceKind(drift=DriftGravity(ACCESS, HARMLESS)),
}
