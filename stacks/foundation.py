"""The foundation of a stack: `tenantry:foundation`, and what is registered for it."""

from components.foundation.foundation import Foundation, FoundationArgs
from components.foundation.settings import FoundationSettings
from components.shared.installation import FoundationProviders
from stacks.config import StackConfig


def make_foundation(config: StackConfig, settings: FoundationSettings, shared: FoundationProviders) -> Foundation:
    """Registers all of it; `shared` are the stack's providers that need no cluster and no database server."""
    at = config.installation
    args = FoundationArgs(
        settings=settings,
        identity=at.identity,
        zone=at.zone,
        system=at.system,
        photos=at.photos,
        backups=at.backups,
        database_user=config.postgresql.user,
        database_password=config.postgresql.password,
        providers=shared,
        protect=config.protect,
    )
    return Foundation("foundation", args)
