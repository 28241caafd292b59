"""Checks that a tenant's services fit into its plan, before anything is made, at the line of its file."""

from collections.abc import Iterator
from typing import Final

from tenantry.model.capacity import Amounts, amounts_of, capacity_during_plan_change, capacity_used, namespace_capacity
from tenantry.model.previous_run import PreviousRun
from tenantry.parsing.faults import Fault
from tenantry.spec.loader import Source
from tenantry.spec.plans import Plan, Plans
from tenantry.spec.services import Service, Services
from tenantry.spec.tenant import TenantSpec

_UNITS: Final = {"cpu": "thousandths of a CPU", "memory": "bytes of memory", "ephemeral_storage": "bytes of disk"}


def plan_change_faults(
    source: Source, spec: TenantSpec, plans: Plans, catalogue: Services, before: PreviousRun
) -> Iterator[Fault]:
    """A smaller plan's quota counts the services that this run takes away: they go when all else is done."""
    gone = [name for name in before.services if name not in spec.enabled_services and name in catalogue]
    if before.plan is not None and before.plan != spec.plan and gone:
        stay = [name for name in spec.enabled_services if name in catalogue]
        used = capacity_during_plan_change(
            plans[before.plan], plans[spec.plan], tuple(catalogue[name] for name in (*stay, *gone))
        )
        if (over := _first_over(used, namespace_capacity(plans[spec.plan]))) is not None:
            yield source.fault(
                ("plan",),
                f"{spec.plan} has no room while the services of plan {before.plan} are still there: {over}",
                f"write plan: {before.plan} and switch {', '.join(gone)} off in one run, change the plan in the next",
            )


def service_capacity_faults(source: Source, spec: TenantSpec, plans: Plans, catalogue: Services) -> Iterator[Fault]:
    """One fault, at the first service that no longer fits."""
    known = [(place, name) for place, name in enumerate(spec.enabled_services) if name in catalogue]
    for count, (place, name) in enumerate(known, 1):
        chosen = tuple(catalogue[entry] for _, entry in known[:count])
        problem = _too_much(plans[spec.plan], chosen, secrets=_secrets(spec))
        if problem is not None:
            everything = tuple(catalogue[entry] for _, entry in known)
            fitting = [
                plan for plan, gives in plans.items() if not _too_much(gives, everything, secrets=_secrets(spec))
            ]
            remedy = f"or choose plan {fitting[0]}" if fitting else "for no plan has room for all of them"
            yield source.fault(
                ("enabled_services", place),
                f"{name} does not fit into plan {spec.plan} beside those before it: {problem}",
                f"leave it out, {remedy}; where a plan's objects are too few for what runs: raise them in plans.yaml",
            )
            return


def _secrets(spec: TenantSpec) -> int:
    """One Secret for the API keys and one for the tenant's secrets for other services, where there are any."""
    return bool(spec.api_keys) + bool(spec.secrets)


def _too_much(plan: Plan, services: tuple[Service, ...], *, secrets: int) -> str | None:
    for service in services:
        for name, amount in amounts_of(service.compute).items():
            if amount > amounts_of(plan.compute)[name]:
                return f"one container may have {amounts_of(plan.compute)[name]} {_UNITS[name]}, it asks for {amount}"
    return _first_over(capacity_used(plan, services, secrets=secrets), namespace_capacity(plan))


def _first_over(used: Amounts, limits: Amounts) -> str | None:
    over = next((name for name in ("pods", *used) if used[name] > limits[name]), None)
    return over and f"{used[over]} of {limits[over]} {_UNITS.get(over, over.replace('_', ' '))}"
