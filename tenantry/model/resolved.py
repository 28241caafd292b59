"""One tenant, fully worked out: what the rooms below receive instead of files, clocks and defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from tenantry.model.credential_rotation import Rotation, rotations_of
from tenantry.model.lifecycle import Phase, due_on, phase_of
from tenantry.model.previous_run import PreviousRun
from tenantry.names import Names, names_of
from tenantry.spec.ai_models import Model, Models
from tenantry.spec.config_layers import deep_freeze, merge_layers
from tenantry.spec.plans import Plan, Plans, Quota
from tenantry.spec.quantity import bytes_of
from tenantry.spec.services import Service, Services
from tenantry.spec.tenant import ApiKey, Awake, TenantSpec


@dataclass(frozen=True, slots=True)
class ResolvedTenant:
    spec: TenantSpec
    names: Names
    plan: Plan
    phase: Phase
    max_users: int
    max_storage: int  # bytes
    features: Mapping[str, bool]  # all eight, by their names in the tenant file
    config: Mapping[str, Any]  # the layers merged: system, plan, tenant
    rotations: Mapping[str, Rotation]  # of credentials, see tenantry/model/credential_rotation.py
    scaled: bool = False  # something scaled its containers in the last run
    due_on: date | None = None  # of a deleted tenant: from this day on `tenantry purge` may remove it
    api_keys: tuple[ApiKey, ...] = ()  # those that have not expired
    services: Mapping[str, Service] = field(default_factory=dict[str, Service])  # the enabled ones, from the catalogue
    models: Mapping[str, Model] = field(default_factory=dict[str, Model])  # the preferred one first; none: AI is off

    @property
    def code(self) -> str:
        return self.spec.code

    @property
    def cell(self) -> str:
        return self.spec.cell

    @property
    def quotas(self) -> Mapping[str, Quota]:
        """The plan's eight, with the tenant's own users and storage in place of the plan's."""
        own = {"users": self.max_users, "storage": self.max_storage}
        return {
            name: quota.model_copy(update={"limit": own.get(name, quota.limit)})
            for name, quota in self.plan.quotas.items()
        }

    @property
    def ai_enabled(self) -> bool:
        return self.spec.ai is None or self.spec.ai.enabled

    @property
    def ai_models(self) -> tuple[str, ...]:
        """The models the tenant may use, the one it prefers first."""
        return (self.spec.ai and self.spec.ai.models) or self.plan.ai.models

    @property
    def ai_default(self) -> str:
        """The tenant's choice, else the plan's where the tenant uses it, else the tenant's first."""
        if self.spec.ai and self.spec.ai.default:
            return self.spec.ai.default
        return self.plan.ai.default if self.plan.ai.default in self.ai_models else self.ai_models[0]

    @property
    def idle_minutes(self) -> int | None:
        """After how long without a request it sleeps, where the cluster can do that; None: it does not."""
        own = self.spec.sleep.idle_minutes if self.spec.sleep else None
        return (self.plan.sleep.idle_minutes if own is None else own) or None

    @property
    def awake(self) -> Awake | None:
        return self.spec.sleep.awake if self.spec.sleep else None


def resolve(
    spec: TenantSpec,
    plans: Plans,
    zone: str,
    today: date,
    *,
    first_seen_deleted: date | None = None,
    before: PreviousRun | None = None,
    system: Mapping[str, Any] | None = None,
    services: Services | None = None,
    models: Models | None = None,
) -> ResolvedTenant:
    """`system` is the layer no tenant overrides: version, environment, region, from the stack.

    `services` and `models` are the catalogues; what they do not have is a fault of the file, said before.
    """
    plan = plans[spec.plan]
    chosen = spec.features.model_dump(exclude_none=True)
    resolved = ResolvedTenant(
        spec=spec,
        names=names_of(spec.code, spec.phone, zone),
        plan=plan,
        phase=phase_of(spec, today, first_seen_deleted),
        max_users=plan.max_users if spec.limits.max_users is None else spec.limits.max_users,
        max_storage=plan.max_storage if spec.limits.max_storage is None else bytes_of(spec.limits.max_storage),
        features=deep_freeze({name: chosen.get(name, on) for name, on in plan.features.defaults().items()}),
        config=deep_freeze(merge_layers(system or {}, plan.config, spec.config.model_dump())),
        rotations=deep_freeze(rotations_of(spec, today, before.rotations if before else None)),
        api_keys=tuple(key for key in spec.api_keys if today <= key.expires_at),
        services=deep_freeze({name: services[name] for name in spec.enabled_services} if services else {}),
        due_on=due_on(spec, first_seen_deleted),
        scaled=before is not None and before.scaled,
    )
    used = resolved.ai_models if resolved.ai_enabled and models else ()
    return replace(resolved, models=deep_freeze({name: models[name] for name in used} if models else {}))
