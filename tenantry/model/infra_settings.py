"""Tenant settings that only the infrastructure uses: sleep, backup retention, service images. Those of the application:
tenantry/model/app_settings.py.

It stands beside what the application is told in the tenant's row, so that a change of it can be seen beforehand, too.
"""

from typing import Any, Final

from tenantry.model.resolved import ResolvedTenant
from tenantry.spec.quantity import bytes_of
from tenantry.spec.services import Service

INFRA_SETTINGS: Final = "operation"
PERSON: Final = "person"  # an administrator's phone: whose account it is; compared, and never shown


def infra_settings(tenant: ResolvedTenant) -> dict[str, Any]:
    """Plain values, in one order. What a file need not have is left out where it has none of it."""
    spec = tenant.spec
    people = [{"name": person.id, "role": person.role, PERSON: person.phone} for person in spec.administrators]
    return (
        ({"labels": dict(spec.labels)} if spec.labels else {})
        | ({"administrators": people} if people else {})
        | {
            "sleep": {
                "idleMinutes": tenant.idle_minutes,
                "awake": tenant.awake.model_dump(by_alias=True) if tenant.awake else None,
            },
            "backups": tenant.plan.backups.model_dump(),
            "services": [{"name": name, **_service(service)} for name, service in tenant.services.items()],
        }
    )


def _service(service: Service) -> dict[str, Any]:
    return {
        "image": service.reference,
        "port": service.port,
        "healthCheck": service.health_check,
        "cpu": service.compute.cpu,
        "memory": bytes_of(service.compute.memory),
        "ephemeralStorage": bytes_of(service.compute.ephemeral_storage),
        "pool": service.pool,
    }
