"""One tenant: the composition of its parts, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.manifests import autoscaler
from components.parts import tenant_removal, tenant_row
from components.parts.database import Database, DatabaseArgs, password_generations
from components.parts.dns import record
from components.parts.namespace import TenantNamespace, TenantNamespaceArgs
from components.parts.plugins import Plugins, PluginsArgs
from components.parts.storage import Storage, StorageArgs
from components.parts.tenant_secrets import Values
from components.parts.workload import Workload, WorkloadArgs
from components.shared.credentials import TenantCredentials
from components.shared.installation import Installation, PlatformDependencies, Providers
from components.shared.provider_resources import Backup, Opened, Sessions, TenantRow, opening_of
from tenantry.model.credential_rotation import ALL_CREDENTIALS, rotation_state
from tenantry.model.lifecycle import Phase
from tenantry.model.previous_run import PreviousRun
from tenantry.model.resolved import ResolvedTenant
from tenantry.model.tenant_record import TenantRecord
from tenantry.names import TEMPLATE_DATABASE


@dataclass(frozen=True, slots=True)
class TenantArgs:
    tenant: ResolvedTenant
    installation: Installation
    providers: Providers
    foundations: PlatformDependencies
    protect: bool  # what holds data; lifted only for a stack that says itself that it may be destroyed
    secrets: Values = field(default_factory=dict[str, pulumi.Output[str]])  # for other services; none without access
    returned: bool = False  # a run has seen its tombstone: what is gone must not be made anew
    memory: Mapping[str, Any] = field(default_factory=dict[str, Any])  # for the next run, once all of it is done


class Tenant(pulumi.ComponentResource):
    """All resources of one tenant. Its phase alone decides what there is (tenantry/model/lifecycle.py): data always,
    all else while it lives.

    The order is that of opening one: the row that says what nobody else may have from now on, data, walls, workload,
    and last the domain. Who records which step: docs/opening.md.
    """

    facts: dict[str, Any]  # for whoever looks at the component: nothing secret
    first: pulumi.CustomResource  # once it is there, more of the tenant may be
    end: pulumi.CustomResource  # stands on everything else
    remembered: pulumi.Output[Mapping[str, Any] | None]  # what the last run that came to its end was to remember

    def __init__(self, name: str, args: TenantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Tenant", name, None, opts)
        tenant, phase = args.tenant, args.tenant.phase
        if phase is Phase.GONE:
            raise ValueError(f"{name}: a tenant in the phase {phase} has no parts")
        child, opening = pulumi.ResourceOptions(parent=self), opening_of(tenant.code)
        step = pulumi.ResourceOptions(
            parent=self, provider=args.providers.steps, depends_on=list(args.foundations.admin)
        )
        keys = TenantCredentials(f"{name}-keys", tenant, parent=self, provider=args.providers.random)
        known = TenantRow(
            f"{name}-row",
            tenant_row.of(tenant, keys, args.installation, returned=args.returned),
            opening=opening,
            opts=step,
        )
        shut: list[pulumi.Resource] = []
        if not phase.has_access:
            opts = pulumi.ResourceOptions(parent=self, provider=args.providers.steps, depends_on=[known])
            shut.append(Sessions(f"{name}-sessions", tenant.names.database, tenant.names.login_roles, opts=opts))
        database = Database(f"{name}-db", _database(args, keys, known, shut), child)
        storage = Storage(f"{name}-files", _storage(args, known), child)
        parts: list[pulumi.Resource] = [keys.root, known, database, storage]
        live: tuple[pulumi.Resource, ...] = (database.ready,)
        if phase.has_workload:
            namespace = TenantNamespace(
                f"{name}-ns",
                TenantNamespaceArgs(
                    tenant.names,
                    tenant.plan,
                    args.installation,
                    args.providers,
                    args.foundations,
                    [known],
                    tenant.spec.labels,
                ),
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
                    opened=database.opened,
                    keys=keys,
                    namespace_ready=namespace.ready,
                    data=(database.ready, storage.ready),
                    secrets=args.secrets,
                ),
                child,
            )
            live = workload.ready
            pods: list[pulumi.Resource] = [workload]
            if tenant.services:
                plugins = PluginsArgs(
                    tenant,
                    args.installation,
                    args.providers,
                    args.foundations,
                    namespace.ready,
                    workload.foundation,
                    workload.notice,
                )
                pods.append(Plugins(f"{name}-svc", plugins, child))
            parts += [namespace, *pods]
            if phase.has_access and tenant.rotations[ALL_CREDENTIALS].is_over:
                opts = pulumi.ResourceOptions(parent=self, provider=args.providers.steps, depends_on=[database, *pods])
                Sessions(f"{name}-sessions", tenant.names.database, [database.idle], opts=opts)
        if phase.has_domain:
            parts.append(
                record(
                    f"{name}-dns",
                    tenant.names,
                    args.installation,
                    args.providers,
                    parent=self,
                    after=[*live, storage.ready],
                )
            )
        if phase.is_backed_up and tenant.spec.deleted_at is not None:
            after = [*parts, *shut, *args.foundations.admin, *args.foundations.vault]
            opts = pulumi.ResourceOptions(parent=self, provider=args.providers.steps, depends_on=after)
            Backup(f"{name}-backup", tenant_removal.backup(tenant, args.installation), opts=opts)
        # Also the tenant's seal (components/shared/destroy_guard.py): a protected leaf that stands on everything else.
        self.end = opened = Opened(
            f"{name}-opened",
            opening=opening,
            domain=tenant.names.domain if phase.has_domain else None,
            address=args.installation.gateway.address if phase.has_domain else None,
            removal=tenant_removal.removal(tenant, args.installation, protect=args.protect),
            memory=args.memory,
            opts=pulumi.ResourceOptions(
                parent=self, provider=args.providers.steps, protect=args.protect, depends_on=parts
            ),
        )
        self.first, self.remembered = known, opened.remembered
        self.facts = record_of(tenant, args.installation).to_output()
        first = {"administrator": _administrator(tenant, database)}
        if tenant.spec.administrators and database.administrators is not None:
            first["administrators"] = _administrators(tenant, database.administrators)
        self.register_outputs({**self.facts, **first})


def record_of(tenant: ResolvedTenant, at: Installation, before: PreviousRun | None = None) -> TenantRecord:
    """The record that the stack keeps of a tenant until its next run, once all of it is done."""
    names, is_active = tenant.names, tenant.phase is Phase.ACTIVE
    return TenantRecord(
        phase=tenant.phase,
        cell=tenant.cell,
        given=PreviousRun(
            rotations=rotation_state(tenant.rotations, before.rotations if before else None),
            plan=tenant.spec.plan if is_active else None,
            services=tuple(tenant.services) if is_active else (),
            scaled=tenant.phase.has_workload and autoscaler.scaler(tenant, at) is not None,
        ),
        domain=names.domain,
        database=names.database,
        namespace=names.namespace,
        prefix=names.prefix,
        role=names.ram_role,
    )


def _administrator(tenant: ResolvedTenant, database: Database) -> pulumi.Output[dict[str, Any]]:
    """The first sign-in of the tenant's administrator: `tenantry admin-password` shows it."""
    return pulumi.Output.secret({"login": tenant.spec.phone, "password": database.administrator})


def _administrators(
    tenant: ResolvedTenant, passwords: pulumi.Output[Mapping[str, str] | None]
) -> pulumi.Output[dict[str, dict[str, str]]]:
    """The same of the further ones, by their id."""
    phones = {person.id: person.phone for person in tenant.spec.administrators}

    def by_id(known: Mapping[str, str] | None) -> dict[str, dict[str, str]]:
        return {name: {"login": phone, "password": (known or {}).get(name, "")} for name, phone in phones.items()}

    return pulumi.Output.secret(passwords.apply(by_id))


def _database(
    args: TenantArgs, keys: TenantCredentials, known: pulumi.Resource, shut: list[pulumi.Resource]
) -> DatabaseArgs:
    spec, names, limits = args.tenant.spec, args.tenant.names, args.tenant.plan.database
    rotation = args.tenant.rotations[ALL_CREDENTIALS]
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
        temp_file_limit_kb=args.tenant.plan.temp_files // 1024,
        providers=args.providers,
        protect=args.protect,
        template=TEMPLATE_DATABASE,
        rotation=spec.credentials.rotation,
        access=args.tenant.phase.has_access,
        passwords=keys.passwords(password_generations(rotation.number)),
        overlap_until=rotation.until if rotation.overlaps else None,
        kindergarten=kindergarten,
        administrators={
            person.id: {
                "phone": person.phone,
                "contactName": person.name,
                "contactEmail": person.email,
                "role": person.role,
            }
            for person in spec.administrators
        },
        opening=opening_of(names.code),
        after=[known],
        shut=shut,
    )


def _storage(args: TenantArgs, known: pulumi.Resource) -> StorageArgs:
    return StorageArgs(
        names=args.tenant.names,
        installation=args.installation,
        providers=args.providers,
        foundations=args.foundations,
        access=args.tenant.phase.has_access,
        protect=args.protect,
        after=[known],
    )
