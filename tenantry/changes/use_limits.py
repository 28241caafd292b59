"""A request that gives a tenant less than it has in use: users, files, databases, where the figures are known.

Quotas that start anew by the hour, the day or the month are left out: below one of them there is nothing to give back.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tenantry.engine.errors import CommandError
from tenantry.fleet.load import Fleet
from tenantry.model.resolved import ResolvedTenant
from tenantry.parsing.faults import Fault
from tenantry.parsing.yaml_document import FieldPath
from tenantry.spec.loader import read_tenant
from tenantry.spec.quantity import format_bytes

Usage = Mapping[str, Mapping[str, int]]  # code -> quota -> used, in the quota's unit; what is unknown is left out
_KEPT: Final = "none"  # the reset of a quota on what stays until somebody removes it


def read_usage(file: Path) -> Usage:
    """The figures of `tenantry usage --json`. Raises CommandError when the file is none of it."""
    import json

    remedy = "write it with `tenantry usage --stack NAME --json`"
    try:
        document: Any = json.loads(file.read_bytes())
        return {
            str(tenant["code"]): {
                str(name): int(quota["used"]) for name, quota in tenant["quotas"].items() if quota["used"] is not None
            }
            for tenant in document["tenants"]
        }
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", remedy) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandError(f"{file} holds no figures of use", remedy) from None


def use_faults(base: Fleet, head: Fleet, usage: Usage, directory: Path) -> Iterator[Fault]:
    """A fault for each quota that a request lowers below what its tenant uses; `directory`: of the request's files."""
    before = {tenant.code: tenant for tenant in base.all}
    for tenant in head.all:
        known, used = before.get(tenant.code), usage.get(tenant.code)
        if known is None or not used or not tenant.phase.has_workload:
            continue
        for name, quota in tenant.quotas.items():
            if quota.reset != _KEPT or not quota.limit < used.get(name, 0) or quota.limit >= known.quotas[name].limit:
                continue
            in_use, limit = (
                format_bytes(value) if quota.unit == "bytes" else str(value) for value in (used[name], quota.limit)
            )
            source = read_tenant(directory / f"{tenant.code}.yaml").source
            remedy = f"have {name} removed until it fits, or keep the limit of {_amount(known, name)}"
            yield source.fault(_field(known, tenant, name), f"gives {name} {limit}, and {in_use} are in use", remedy)


def _field(before: ResolvedTenant, after: ResolvedTenant, quota: str) -> FieldPath:
    """The field that lowers it: the plan, or the tenant's own limit."""
    if before.spec.plan != after.spec.plan:
        return ("plan",)
    return ("limits", f"max_{quota}") if quota in ("users", "storage") else ("plan",)


def _amount(tenant: ResolvedTenant, name: str) -> str:
    quota = tenant.quotas[name]
    return format_bytes(quota.limit) if quota.unit == "bytes" else str(quota.limit)
