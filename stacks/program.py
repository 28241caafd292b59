"""The Pulumi program: reads, refuses, and only then registers the platform and the tenants that this stack holds."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from components.images import ImageRules
from components.installation import Foundations, Providers
from components.tenant import Tenant, TenantArgs, facts
from stacks import providers
from stacks.config import ROOT, StackConfig, read
from stacks.digest import digest_of
from stacks.memory import Held, last_held, platform_of
from stacks.quiet import short_traces
from stacks.unchecked import refuse_unchecked
from stacks.vanished import refuse_purged, refuse_vanished
from tenantry.faults import Faults
from tenantry.fleet import Fleet, load_fleet
from tenantry.phase import Phase
from tenantry.resolved import ResolvedTenant
from tenantry.rotation import remembered as remembered_turns
from tenantry.spec import Tombstone

if TYPE_CHECKING:
    from components.platform import Platform

BEING_DELETED = (Phase.RETAINED, Phase.DUE, Phase.PURGING)


async def main() -> pulumi.Inputs:
    """The stack's outputs."""
    config = read(os.environ)
    refuse_unchecked(config, os.environ)
    held, purged = await last_held()
    fleet = _fleet(config, held)
    refuse_purged(purged, fleet)
    refuse_vanished(held, fleet, config.holds)
    for key, wrong, remedy in config.secrets.known.unused(tenant.spec for tenant in fleet.all):
        pulumi.log.warn(f"{key}: {wrong}: {remedy}")
    _refuse_moving_images(config, fleet)
    await _refuse_without_platform(config)
    with short_traces():
        outputs, mine = await _register(config, fleet, returned(held))
    stones = [stone for stone in fleet.tombstones if config.holds.cell(stone.cell)]
    return {
        **outputs,
        "tenants": remembered(mine, held, config),
        "leaving": leaving(stones, held),
        "purged": sorted(purged | {stone.code for stone in stones if stone.is_bare}),
    }


async def _register(
    config: StackConfig, fleet: Fleet, returned: frozenset[str]
) -> tuple[dict[str, Any], list[ResolvedTenant]]:
    """The platform's outputs, and the tenants that this stack holds."""
    shared = providers.make(config)
    outputs: dict[str, Any] = {}
    foundations = Foundations()
    if config.holds.platform:
        platform = _platform(config, fleet, shared)
        foundations = platform.foundations
        outputs = {"platform": platform.facts, **platform.secrets}
        # Outputs are recorded all at once: waiting for these here, no tenant below is registered but unrecorded.
        await pulumi.Output.all(**platform.secrets).future()
    mine = [tenant for tenant in fleet.all if config.holds.cell(tenant.cell)]
    for tenant in (one for one in mine if one.code not in config.left_out):
        # Protection counts as it is in the state: one run lifts it, the next, which finds a tombstone, makes use of it.
        protect = config.protect and tenant.phase is not Phase.PURGING
        secrets = config.secrets.of(tenant.spec) if tenant.phase.has_access else {}
        args = TenantArgs(tenant, config.installation, shared, foundations, protect, secrets, tenant.code in returned)
        Tenant(tenant.code, args)
    return outputs, mine


def returned(held: Mapping[str, Held]) -> frozenset[str]:
    """Whose removal may have begun. It stays so: the run that looks may not come to its end."""
    return frozenset(code for code, last in held.items() if last.leaving or last.buried is not None)


def leaving(stones: Iterable[Tombstone], held: Mapping[str, Held]) -> dict[str, dict[str, Any]]:
    """Those whose removal has been asked for, until `tenantry purge` has seen that nothing is left of them."""
    memory: dict[str, dict[str, Any]] = {}
    for stone in stones:
        last = held.get(stone.code)
        if last is not None and not stone.is_bare:
            seen = {"deletionSeen": last.deletion_seen.isoformat()} if last.deletion_seen else {}
            rotations = remembered_turns({}, last.given.rotations)
            kept = {"rotations": rotations} if rotations else {}
            place = {"prefix": last.prefix} if last.prefix else {}
            phase = str(Phase.PURGING)  # also after runs with another file than the tombstone, which were refused
            known = {"phase": phase, "cell": last.cell, "buried": stone.proof}
            memory[stone.code] = {**known, **seen, **kept, **place}
    return memory


def remembered(
    tenants: Iterable[ResolvedTenant], held: Mapping[str, Held], config: StackConfig
) -> dict[str, dict[str, Any]]:
    """Code -> facts, all known and none secret: the next run's memory."""
    memory: dict[str, dict[str, Any]] = {}
    for tenant in tenants:
        last = held.get(tenant.code)
        memory[tenant.code] = facts(tenant, config.installation, last.given if last else None)
        if tenant.code in returned(held):
            memory[tenant.code]["buried"] = held[tenant.code].buried or ""
        if tenant.phase in BEING_DELETED:
            seen = last.deletion_seen if last and last.deletion_seen else config.today
            memory[tenant.code]["deletionSeen"] = seen.isoformat()
    return memory


def _fleet(config: StackConfig, held: Mapping[str, Held]) -> Fleet:
    seen = {code: last.deletion_seen for code, last in held.items() if last.deletion_seen is not None}
    try:
        return load_fleet(
            config.tenants,
            config.settings.zone,
            today=config.today,
            first_seen_deleted=seen,
            before={code: last.given for code, last in held.items()},
            unseen=config.today,
            system=config.system_layer,
            secrets=config.secrets.known,
        )
    except Faults as faults:
        lines = str(faults).replace(f"{ROOT}/", "")
        raise pulumi.RunError(f"nothing was changed, the tenant files have faults:\n{lines}") from None


def _refuse_moving_images(config: StackConfig, fleet: Fleet) -> None:
    """The API server would refuse their pods, one tenant after the other."""
    enabled = sorted({name for tenant in fleet.tenants for name in tenant.services})
    moving = [name for name in enabled if fleet.services[name].digest is None]
    if config.settings.image_digest and moving:
        raise pulumi.RunError(
            "nothing was changed: tenantry:imageDigest is set, and in services.yaml "
            f"{', '.join(moving)} has no `digest`: write the image's, sha256:..."
        )


async def _refuse_without_platform(config: StackConfig) -> None:
    """Cells stand on a platform: their own stack's, or that of a stack that exists and is of the same installation."""
    if config.holds.platform or config.holds.cells == frozenset():
        return
    stack = config.settings.platform_stack
    if stack is None:
        raise pulumi.RunError("tenantry:platformStack is not set, and this stack holds cells without the platform")
    theirs, ours = await platform_of(stack), config.installation.facts
    if theirs is None:
        raise pulumi.RunError(f"{stack} has no platform yet: run it first")
    different = sorted(key for key, value in ours.items() if theirs.get(key) != value)
    if different:
        raise pulumi.RunError(f"{stack} holds another installation's platform: it differs in {', '.join(different)}")


def _platform(config: StackConfig, fleet: Fleet, shared: Providers) -> "Platform":
    # The SDK's object storage takes 0.3 s to import: a stack that holds only cells does without.
    from components.platform import MIGRATIONS, Platform, PlatformArgs
    from stacks.cron import cron_of

    settings = config.settings
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
            tuple(config.installation.application.registry + one.reference for one in fleet.services.services.values()),
        ),
        cron=cron_of(config),
        protect=config.protect,
    )
    return Platform("platform", args)
