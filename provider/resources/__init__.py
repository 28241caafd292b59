"""The provider's resources, one file each."""

from provider.resources.backup import Backup
from provider.resources.base import Resource
from provider.resources.database.clone_rights import CloneRights
from provider.resources.database.closed_databases import ClosedDatabases
from provider.resources.database.read_grants import ReadGrants
from provider.resources.database.sessions import Sessions
from provider.resources.directories import Directories
from provider.resources.migrations import Migrations
from provider.resources.onboarding_complete import Opened
from provider.resources.rows.tenant_row import TenantRow
from provider.resources.seed import Seed

RESOURCES: tuple[Resource, ...] = (
    Migrations(),
    CloneRights(),
    Seed(),
    TenantRow(),
    Directories(),
    ClosedDatabases(),
    ReadGrants(),
    Opened(),
    Sessions(),
    Backup(),
)

__all__ = ["RESOURCES", "Resource"]
