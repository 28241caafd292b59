"""One tenant: the composition of its parts, and nothing else."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components import deletion, row
from components.boundary import Boundary, BoundaryArgs
from components.database import Database, DatabaseArgs
from components.dns import record
from components.installation import Foundations, Installation, Providers
from components.seal import seal
from components.steps import Backup, Sessions, TenantRow
from components.storage import Storage, StorageArgs
from components.workload import Workload, WorkloadArgs
from tenantry.names import TEMPLATE_DATABASE
from tenantry.phase import Phase
from tenantry.resolved import ResolvedTenant


@dataclass(frozen=True, slots=True)
class TenantArgs:
    tenant: ResolvedTenant
    installation: Installation
    providers: Providers
    foundations: Foundations
    protect: bool  # what holds data; lifted only for a stack that says itself that it may be destroyed


class Tenant(pulumi.ComponentResource):
    """What a tenant has depends on its phase alone (tenantry/phase.py): its data always, all else while it lives.

    The order is that of opening one: data, walls, workload, the row that makes it known, and last the domain.
    """

    facts: dict[str, Any]  # for the stack's outputs: nothing secret

    def __init__(self, name: str, args: TenantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Tenant", name, None, opts)
        tenant, phase = args.tenant, args.tenant.phase
        if phase is Phase.GONE:
            raise ValueError(f"{name}: a tenant in the phase {phase} has no parts")
        child = pulumi.ResourceOptions(parent=self)
        database = Database(f"{name}-db", _database(args), child)
        storage = Storage(f"{name}-files", _storage(args), child)
        parts: list[pulumi.Resource] = [database, storage]
        # Not what the seal stands on: one of these that fails must not leave it as it was while what it stood on goes.
        quiet: list[pulumi.Resource] = []
        if not phase.has_access:
            opts = pulumi.ResourceOptions(parent=self, provider=args.providers.steps, depends_on=[database])
            quiet.append(Sessions(f"{name}-sessions", tenant.names.database, tenant.names.login_roles, opts=opts))
        live: tuple[pulumi.Resource, ...] = (database.ready,)
        if phase.has_workload:
            walls = Boundary(
                f"{name}-ns",
                BoundaryArgs(tenant.names, tenant.plan, args.installation, args.providers, args.foundations),
                child,
            )
            workload = Workload(
                f"{name}-app",
                WorkloadArgs(
                    tenant=tenant,
                    installation=args.installation,
                    providers=args.providers,
                    foundations=args.foundations,
                    login=database.login,
                    password=database.password,
                    walls=walls.walls,
                    data=(database.ready, storage.ready),
                ),
                child,
            )
            parts += [walls, workload]
            live = workload.ready
        # On data and files as well: removed, it takes the tenant's objects along, before any of these goes.
        first = [*args.foundations.admin, database, storage, *live]
        known = TenantRow(
            f"{name}-row",
            {**row.of(tenant), **deletion.removal(tenant, args.installation, protect=args.protect)},
            opts=pulumi.ResourceOptions(parent=self, provider=args.providers.steps, depends_on=first),
        )
        parts.append(known)
        if phase.has_domain:
            after = [*live, known]
            parts.append(
                record(f"{name}-dns", tenant.names, args.installation, args.providers, parent=self, after=after)
            )
        if phase.is_backed_up and tenant.spec.deleted_at is not None:
            after = [*parts, *quiet, *args.foundations.admin, *args.foundations.vault]
            opts = pulumi.ResourceOptions(parent=self, provider=args.providers.steps, depends_on=after)
            Backup(f"{name}-backup", deletion.backup(tenant, args.installation), opts=opts)
        seal(f"{name}-seal", args.providers.random, parent=self, parts=parts, protect=args.protect)
        self.facts = facts(tenant)
        self.register_outputs(self.facts)


def facts(tenant: ResolvedTenant) -> dict[str, Any]:
    """What the stack remembers of a tenant until its next run, and tells whoever asks."""
    names = tenant.names
    return {
        "domain": names.domain,
        "database": names.database,
        "namespace": names.namespace,
        "prefix": names.prefix,
        "role": names.ram_role,
        "phase": str(tenant.phase),
        "cell": tenant.cell,
    }


def _database(args: TenantArgs) -> DatabaseArgs:
    spec, names, limits = args.tenant.spec, args.tenant.names, args.tenant.plan.database
    kindergarten = {
        "code": names.code,
        "name": spec.name,
        "phone": spec.phone,
        "address": spec.address or "",
        "contactName": spec.contact.name,
        "contactEmail": spec.contact.email,
    }
    return DatabaseArgs(
        database=names.database,
        logins=names.login_roles,
        connections=limits.connections,
        statement_timeout_s=limits.statement_timeout_s,
        idle_timeout_s=limits.idle_timeout_s,
        providers=args.providers,
        protect=args.protect,
        template=TEMPLATE_DATABASE,
        rotation=spec.credentials.rotation,
        access=args.tenant.phase.has_access,
        kindergarten=kindergarten,
    )


def _storage(args: TenantArgs) -> StorageArgs:
    return StorageArgs(
        names=args.tenant.names,
        installation=args.installation,
        providers=args.providers,
        foundations=args.foundations,
        access=args.tenant.phase.has_access,
        protect=args.protect,
    )
