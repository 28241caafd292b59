"""A tenant as plain values, for tables and JSON. No secrets are in here: none are in the files."""

from typing import Any

from tenantry.model.lifecycle import Phase, due_on
from tenantry.model.resolved import ResolvedTenant
from tenantry.spec.config_layers import to_plain
from tenantry.spec.tenant import Tombstone
from tenantry.spec.tenant_secrets import variable


def summary(tenant: ResolvedTenant) -> dict[str, Any]:
    """The line of a list. Storage in bytes."""
    due = due_on(tenant.spec)
    return {
        "code": tenant.code,
        "name": tenant.spec.name,
        "plan": tenant.spec.plan,
        "status": tenant.spec.status,
        "phase": tenant.phase.value,
        "cell": tenant.cell,
        "labels": dict(tenant.spec.labels),
        "domain": tenant.names.domain,
        "database": tenant.names.database,
        "max_users": tenant.max_users,
        "max_storage": tenant.max_storage,
        "due_on": due.isoformat() if due else None,
    }


def tombstone(gone: Tombstone) -> dict[str, Any]:
    """The summary of a tombstone, with nothing where there is nothing left."""
    return {
        "code": gone.code,
        "name": gone.name,
        "plan": None,
        "status": gone.status,
        "phase": Phase.GONE.value,
        "cell": gone.cell,
        "labels": {},
        "domain": None,
        "database": None,
        "max_users": None,
        "max_storage": None,
        "due_on": None,
        "proof": gone.proof,
    }


def details(tenant: ResolvedTenant) -> dict[str, Any]:
    """Everything that follows from the file: the derived names and the values in force."""
    names, spec, plan = tenant.names, tenant.spec, tenant.plan
    return {
        **summary(tenant),
        "contact": {"name": spec.contact.name, "email": spec.contact.email, "phone": spec.phone},
        "administrators": [person.model_dump() for person in spec.administrators],
        "address": spec.address,
        "notes": spec.notes,
        "names": {
            "domain": names.domain,
            "database": names.database,
            "owner_role": names.owner_role,
            "login_roles": list(names.login_roles),
            "namespace": names.namespace,
            "ram_role": names.ram_role,
            "prefix": names.prefix,
            "temp_prefix": names.temp_prefix,
        },
        "access": tenant.phase.has_access,
        "features": to_plain(tenant.features),
        "enabled_services": list(spec.enabled_services),
        "services": {name: service.model_dump(mode="json") for name, service in tenant.services.items()},
        "compute": plan.compute.model_dump(),
        "database_limits": plan.database.model_dump() | {"temp_files": plan.temp_files},
        "objects": plan.objects.model_dump(),
        "request_rate": plan.request_rate,
        "body_size": plan.body_size,
        "sleep": {
            "idle_minutes": tenant.idle_minutes,
            "awake": tenant.awake.model_dump(by_alias=True) if tenant.awake else None,
        },
        "ai": {
            "enabled": tenant.ai_enabled,
            "calls_per_minute": plan.ai.calls_per_minute,
            "models": list(tenant.ai_models),
            "default": tenant.ai_default,
        },
        "api_keys": [key.model_dump(mode="json") for key in spec.api_keys],
        "secrets": [
            {"name": secret.name, "from": secret.from_, "variable": variable(secret.name)} for secret in spec.secrets
        ],
        "quotas": {name: quota.model_dump(mode="json") for name, quota in tenant.quotas.items()},
        "config": to_plain(tenant.config),
    }
