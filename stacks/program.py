"""The Pulumi program: reads, refuses, and only then registers the platform and the tenants that this stack holds."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from components.manifests.image_rules import ImageRules
from components.shared.installation import FoundationProviders, PlatformDependencies, Providers
from components.tenant import Tenant, TenantArgs
from stacks import outputs, providers
from stacks.config import ROOT, StackConfig, read
from stacks.guards.ending import digest_after, settings_after
from stacks.guards.engine_command import engine_command
from stacks.guards.removal_guard import refuse_purged, refuse_vanished
from stacks.guards.unchecked_run import refuse_unchecked
from stacks.guards.weighty_settings import changes, refuse_unasked, values_of
from stacks.guards.weighty_settings import recorded_settings as remembered_settings
from stacks.last_run import FOUNDATION, SETTINGS, LastTenant, last_run, last_settings, own_outputs, platform_of
from stacks.migrations_digest import digest_of
from stacks.sdk_overhead import limit_stack_traces
from stacks.settings import PROJECT, foundation_of
from tenantry.engine.stack.made_from import MADE_FROM, made_from
from tenantry.fleet.load import Fleet, load_fleet
from tenantry.model.lifecycle import Phase
from tenantry.model.resources.systems.prometheus import MonitoringSettings
from tenantry.parsing.faults import Faults

if TYPE_CHECKING:
    from components.foundation.foundation import Foundation
    from components.foundation.settings import FoundationSettings
    from components.platform import Platform


async def main() -> pulumi.Inputs:
    """The stack's outputs."""
    config = read(os.environ)
    refuse_unchecked(config, os.environ)
    me = own_outputs()
    declared = foundation_of(config.settings, pulumi.Config(PROJECT))
    settings, before = values_of(config.settings, declared), await last_settings(me)
    changed = changes(settings, before)
    refuse_unasked(changed, settings, config.settings.allow_change, config.stack, ROOT)
    last = await last_run(me)
    fleet = _fleet(config, last.held)
    refuse_purged(last.purged, fleet, config.settings.tenants)
    refuse_vanished(last.held, fleet, config.holds, config.settings.tenants)
    for key, problem, remedy in config.secrets.known.unused(tenant.spec for tenant in fleet.all):
        pulumi.log.warn(f"{key}: {problem}: {remedy}")
    _require_image_digests(config, fleet)
    platform_elsewhere = await _refuse_without_platform(config)
    is_partial = engine_command().is_partial
    with limit_stack_traces():
        if config.holds.is_foundation_alone:
            alone = _foundation(config, declared, providers.clouds(config))
            remembered: Any = remembered_settings(settings, before, changed)
            if alone and changed and not pulumi.runtime.is_dry_run():
                remembered = settings_after([alone.seal], settings, remembered)
            return {SETTINGS: remembered, **_facts_of(alone, last.foundation, is_partial=is_partial)}
        foundation, platform, tenants = await _register(config, declared, fleet, last.held)
    tombstones = [tombstone for tombstone in fleet.tombstones if config.holds.cell(tombstone.cell)]
    own: dict[str, Any] = {
        "leaving": outputs.pending_tombstones(tombstones, last.held),
        "purged": sorted(last.purged | {tombstone.code for tombstone in tombstones if tombstone.is_bare}),
        SETTINGS: remembered_settings(settings, before, changed),
    }
    before_end = {} if foundation is None else {FOUNDATION: last.foundation}
    known: Mapping[str, Any] = _facts_of(foundation, last.foundation, is_partial=is_partial)
    if platform is None:
        outputs.note({**before_end, **own}, tenants)
    else:
        secrets = {name: secret for name, secret in platform.secrets.items() if await secret.is_known()}
        outputs.note({**before_end, **last.platform, **secrets, **own}, tenants)
        known = {**known, **outputs.platform_after(platform, last.platform, is_partial=is_partial)}
    ends = [part.seal for part in (foundation, platform) if part]
    ends += [tenant.part.end for tenant in tenants if tenant.part]
    if changed and not pulumi.runtime.is_dry_run():
        own[SETTINGS] = settings_after(ends, settings, own[SETTINGS])
    digest = made_from(
        ROOT,
        config.stack,
        fleet,
        config.holds.cell,
        has_platform=config.holds.platform,
        platform=platform_elsewhere,
    )
    own[MADE_FROM] = digest_after(ends, digest)
    return {**known, **own, "tenants": outputs.tenants_after(tenants, is_partial=is_partial)}


async def _register(
    config: StackConfig, declared: "FoundationSettings | None", fleet: Fleet, held: Mapping[str, LastTenant]
) -> tuple["Foundation | None", "Platform | None", list[outputs.Mine]]:
    """The foundation and the platform, where this stack holds them, and its tenants."""
    shared = providers.make(config)
    needed = FoundationProviders(
        system=shared.system, photos=shared.photos, backups=shared.backups, random=shared.random
    )
    foundation = _foundation(config, declared, needed)
    foundations, platform = PlatformDependencies(), None
    if config.holds.platform:
        platform = _platform(config, fleet, shared)
        foundations = platform.foundations
        # Outputs are recorded all at once: waiting for these here, no tenant below is registered but unrecorded.
        await pulumi.Output.all(**platform.secrets).future()
    tenants: list[outputs.Mine] = []
    for tenant in (tenant for tenant in fleet.all if config.holds.cell(tenant.cell)):
        last = held.get(tenant.code)
        wanted = outputs.wanted(tenant, last, config.installation, config.today)
        part = None
        if tenant.code not in config.left_out:
            # Protection counts as it is in the state: one run lifts it, the next, with a tombstone, makes use of it.
            protect = config.protect and tenant.phase is not Phase.PURGING
            secrets = config.secrets.of(tenant.spec) if tenant.phase.has_access else {}
            returned = outputs.is_returned(last)
            part = Tenant(
                tenant.code,
                TenantArgs(tenant, config.installation, shared, foundations, protect, secrets, returned, wanted),
            )
        tenants.append(outputs.Mine(tenant.code, wanted, last, part))
    return foundation, platform, tenants


def _foundation(
    config: StackConfig, declared: "FoundationSettings | None", shared: FoundationProviders
) -> "Foundation | None":
    """Registers it where the stack holds one."""
    if declared is None:
        return None
    # Its SDK modules take a second to import, and most stacks hold none.
    from stacks.foundation import make_foundation

    return make_foundation(config, declared, shared)


def _facts_of(foundation: "Foundation | None", last: Any, *, is_partial: bool) -> dict[str, Any]:
    """The output of the foundation: the ids that the settings then name."""
    if foundation is None:
        return {}
    return {FOUNDATION: outputs.whole_after(foundation.facts, foundation.seal, last, is_partial=is_partial)}


def _fleet(config: StackConfig, held: Mapping[str, LastTenant]) -> Fleet:
    seen = {code: last.deletion_seen for code, last in held.items() if last.deletion_seen is not None}
    try:
        return load_fleet(
            config.tenants,
            config.settings.zone,
            today=config.today,
            first_seen_deleted=seen,
            before={code: last.given for code, last in held.items() if not last.opening},
            unseen=config.today,
            system=config.system_layer,
            secrets=config.secrets.known,
        )
    except Faults as faults:
        lines = str(faults).replace(f"{ROOT}/", "")
        raise pulumi.RunError(f"nothing was changed, the tenant files have faults:\n{lines}") from None


def _require_image_digests(config: StackConfig, fleet: Fleet) -> None:
    """The API server would refuse their pods, one tenant after the other."""
    enabled = sorted({name for tenant in fleet.tenants for name in tenant.services})
    moving = [name for name in enabled if fleet.services[name].digest is None]
    if config.settings.image_digest and moving:
        raise pulumi.RunError(
            "nothing was changed: tenantry:imageDigest is set, and in services.yaml "
            f"{', '.join(moving)} has no `digest`: write the image's, sha256:..."
        )


async def _refuse_without_platform(config: StackConfig) -> Mapping[str, Any] | None:
    """Cells stand on a platform: their own stack's, or that of a stack that exists and is of the same installation.

    Returns the facts of the other stack's.
    """
    if config.holds.platform or config.holds.cells == frozenset():
        return None
    stack = config.settings.platform_stack
    if stack is None:
        raise pulumi.RunError("tenantry:platformStack is not set, and this stack holds cells without the platform")
    theirs, ours = await platform_of(stack), config.installation.facts
    if theirs is None:
        raise pulumi.RunError(f"{stack} has no platform yet: run it first")
    different = sorted(key for key, value in ours.items() if theirs.get(key) != value)
    if different:
        raise pulumi.RunError(f"{stack} holds another installation's platform: it differs in {', '.join(different)}")
    return theirs


def _platform(config: StackConfig, fleet: Fleet, shared: Providers) -> "Platform":
    # The SDK's object storage takes 0.3 s to import: a stack that holds only cells does without.
    from components.monitoring.monitoring import MonitoringInputs
    from components.platform import MIGRATIONS, Platform, PlatformArgs
    from stacks.platform_pods import cron_of, exporter_of

    settings, monitoring = config.settings, config.installation.of(MonitoringSettings)
    namespace = monitoring.monitoring_namespace if monitoring else None
    args = PlatformArgs(
        installation=config.installation,
        providers=shared,
        tenants=fleet.all,
        gateway_class=settings.gateway_class,
        gateway_controller=settings.gateway_controller,
        tls_secret=settings.gateway_tls_secret,
        fingerprints=settings.oidc_fingerprints,
        migrations_digest=digest_of(ROOT / "provider" / "migrations" / MIGRATIONS),
        encrypted_transport=config.alibaba.proxy is None,
        images=ImageRules(
            settings.image,
            settings.registries,
            settings.image_digest,
            tuple(
                config.installation.application.registry + service.reference
                for service in fleet.services.services.values()
            ),
        ),
        cron=cron_of(config),
        monitoring=MonitoringInputs(namespace, monitoring.runbooks_url, exporter_of(config))
        if monitoring and namespace
        else None,
        closed_by_hba=settings.database_closed_by_hba,
        protect=config.protect,
    )
    return Platform("platform", args)
