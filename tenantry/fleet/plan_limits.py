"""Checks a tenant's file against the limits of its plan, the catalogue and the calendar."""

from collections.abc import Iterator
from datetime import date, timedelta

from tenantry.fleet.capacity_checks import service_capacity_faults
from tenantry.model.lifecycle import RETENTION
from tenantry.parsing.faults import Fault
from tenantry.spec.config_layers import locked_overrides
from tenantry.spec.loader import Source
from tenantry.spec.plans import Plan, Plans
from tenantry.spec.quantity import bytes_of, format_bytes
from tenantry.spec.services import Services
from tenantry.spec.tenant import TenantSpec, Tombstone


def plan_faults(source: Source, spec: TenantSpec, plans: Plans) -> Iterator[Fault]:
    plan = plans[spec.plan]
    yield from _limits(source, spec, plan)
    for name, on in spec.features.model_dump(exclude_none=True).items():
        if on and not plan.features.offers(name):
            remedy = f"write false, or choose {_plan_with(name, plans)}"
            yield source.fault(("features", name), f"is no part of plan {spec.plan}", remedy)
    for path in locked_overrides(plan.locked, spec.config.model_dump(exclude_defaults=True)):
        problem = f"is set by plan {spec.plan} for all its tenants"
        yield source.fault(("config", *path.split(".")), problem, "remove it")
    for position, model in enumerate((spec.ai and spec.ai.models) or ()):
        if model not in plan.ai.models:
            remedy = f"choose from {', '.join(plan.ai.models)}"
            yield source.fault(("ai", "models", position), f"{model} is no part of plan {spec.plan}", remedy)

    if spec.ai and spec.ai.default and spec.ai.default not in (spec.ai.models or plan.ai.models):
        remedy = f"choose from {', '.join(plan.ai.models)}"
        yield source.fault(("ai", "default"), f"{spec.ai.default} is no part of plan {spec.plan}", remedy)
    on = spec.features.apiAccess
    if spec.api_keys and not ("apiAccess" in plan.features.included if on is None else on):
        remedy = "write features: {apiAccess: true}, or remove the keys"
        yield source.fault(("api_keys",), "are of no use without the feature apiAccess", remedy)


def catalogue_faults(source: Source, spec: TenantSpec, plans: Plans, services: Services) -> Iterator[Fault]:
    for position, name in enumerate(spec.enabled_services):
        if name not in services:
            remedy = f"choose from {', '.join(services.services)}"
            yield source.fault(("enabled_services", position), f"{name} is in no catalogue", remedy)
    yield from service_capacity_faults(source, spec, plans, services)


def date_faults(source: Source, spec: TenantSpec | Tombstone, today: date) -> Iterator[Fault]:
    if spec.deleted_at is None:
        return
    tomorrow = today + timedelta(days=1)  # it may be tomorrow already where the date was written
    if spec.deleted_at > tomorrow:
        yield source.fault(("deleted_at",), "lies in the future", "write the day on which it is deleted")
    elif spec.status == "purged" and today < spec.deleted_at + RETENTION:
        due = spec.deleted_at + RETENTION
        yield source.fault(("status",), "is purged before the data is due", f"write deleted until {due}")


def _limits(source: Source, spec: TenantSpec, plan: Plan) -> Iterator[Fault]:
    users, storage = spec.limits.max_users, spec.limits.max_storage
    allowed = plan.allowance.max_users
    if users is not None and not allowed.holds(users):
        problem, remedy = f"{users} is outside plan {spec.plan}", f"write {allowed.min} to {allowed.max}"
        yield source.fault(("limits", "max_users"), problem, remedy + ", or choose another plan")
    allowed = plan.allowance.max_storage
    if storage is not None and not allowed.holds(bytes_of(storage)):
        problem, remedy = (
            f"{storage} is outside plan {spec.plan}",
            f"{format_bytes(allowed.min)} to {format_bytes(allowed.max)}",
        )
        yield source.fault(("limits", "max_storage"), problem, f"write {remedy}, or choose another plan")


def _plan_with(feature: str, plans: Plans) -> str:
    """The smallest plan that offers the feature."""
    return next((f"plan {name}" for name, plan in plans.items() if plan.features.offers(feature)), "another plan")
