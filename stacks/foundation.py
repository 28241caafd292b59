"""The foundation of a stack: `tenantry:foundation`, read as one typed document, and what is registered for it."""

from typing import Any

import pulumi
from pydantic import ValidationError

from components.foundation.foundation import Foundation, FoundationArgs
from components.foundation.settings import FoundationSettings
from components.shared.installation import FoundationProviders
from stacks.config import StackConfig
from stacks.settings import PROJECT
from tenantry.spec.setting_keys import FOUNDATION


def read_foundation(config: pulumi.Config) -> FoundationSettings | None:
    """None where the stack says nothing of one. Raises RunError with one line a field that is missing or wrong."""
    value: Any = config.get_object(FOUNDATION)
    if value is None:
        return None
    try:
        return FoundationSettings.model_validate(value)
    except ValidationError as error:
        lines = [
            f"{PROJECT}:{FOUNDATION}.{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise pulumi.RunError("\n".join(["the stack's foundation is wrong:", *lines])) from None


def foundation_of(config: StackConfig) -> FoundationSettings | None:
    """What is to be made or adopted. Raises RunError where the stack holds a foundation that nothing says."""
    settings = read_foundation(pulumi.Config(PROJECT))
    if not config.holds.foundation:
        return None
    if settings is None and config.holds.is_foundation_alone:
        raise pulumi.RunError(
            f"{PROJECT}:holds names the foundation alone, and {PROJECT}:{FOUNDATION} does not say of what: "
            "see docs/production.md"
        )
    return settings


def make_foundation(config: StackConfig, settings: FoundationSettings, shared: FoundationProviders) -> Foundation:
    """Registers all of it; `shared` are the stack's providers of Alibaba Cloud."""
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
