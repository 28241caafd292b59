"""The settings document of a tenant's application, the same in its ConfigMap and in the tenant's row.

What the infrastructure cannot enforce, the application can only keep to when it knows it. `version` is made of the
contents, so two documents of one version are the same; the JSON schema for authors of applications is generated:
`python -m tenantry.model.app_settings > docs/tenant-settings.schema.json` writes it, and a test holds the file to it.
"""

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from tenantry.model.resolved import ResolvedTenant
from tenantry.names import service_path
from tenantry.spec.config_layers import to_plain
from tenantry.spec.quantity import bytes_of
from tenantry.spec.services import Service
from tenantry.spec.tenant import PlanName
from tenantry.spec.tenant_secrets import variable

AI_BASE_PATH: Final = "/api/v1/ai/bridge"
Positive = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Price(_Part):
    """CNY."""

    monthly: int
    yearly: int


class QuotaSettings(_Part):
    limit: Positive  # in `unit`
    unit: str
    reset: Literal["hourly", "daily", "weekly", "monthly", "none"]
    thresholds: list[int] = Field(description="per cent of the limit at which to warn")


class Limits(_Part):
    """The limits that the infrastructure enforces."""

    cpu: str = Field(description="of one container, as Kubernetes writes it")
    memory: Positive = Field(description="bytes, of one container")
    ephemeral_storage: Positive = Field(description="bytes, of one container")
    min_replicas: Positive
    max_replicas: Positive
    surge: Positive = Field(description="containers more while one is replaced")
    scale_at_cpu: Positive = Field(description="per cent of `cpu` in use, above which one more container starts")
    pods: Positive = Field(description="of application and services together")
    services: Positive = Field(description="Kubernetes Services in the namespace")
    secrets: Positive
    config_maps: Positive
    database_connections: Positive = Field(description="of all containers together")
    database_pool: Positive = Field(description="of one container")
    statement_timeout_seconds: Positive
    idle_timeout_seconds: Positive
    requests_per_minute: Positive = Field(description="at the gateway; what is above is answered with 429")
    body_size: Positive = Field(description="bytes of one request at the gateway; what is larger is answered with 413")


class ServiceSettings(_Part):
    name: str
    display_name: str
    version: str
    path: str = Field(description="below the tenant's domain")
    required_roles: list[str] = Field(description="one of which a user must have")
    calls_per_minute: Positive


class ModelSettings(_Part):
    name: str
    display_name: str
    type: Literal["text", "image", "audio", "multimodal"]
    provider: str
    priority: Positive = Field(description="1 is tried first")


class AiSettings(_Part):
    enabled: bool
    base_path: str = Field(description="of the bridge; its whole address is in AI_BRIDGE_URL, the token in AI_TOKEN")
    calls_per_minute: Positive
    default: str | None = Field(description="null when AI is off")
    models: list[ModelSettings]


class ApiKeySettings(_Part):
    """An API key in force; the key itself is in the Secret api-keys."""

    name: str
    scopes: list[str]
    expires_at: str = Field(description="the last day on which it works", json_schema_extra={"format": "date"})


class ToldSecret(_Part):
    """A secret for another service; the secret itself is in the variable, and in the file that VARIABLE_FILE names."""

    name: str
    variable: str


class AppSettings(_Part):
    version: str = Field(description="of these contents", pattern="^[0-9a-f]{16}$")
    code: str
    name: str
    domain: str
    plan: PlanName
    price: Price
    max_users: Positive
    max_storage: Positive = Field(description="bytes in the object store")
    features: dict[str, bool]
    quotas: dict[str, QuotaSettings]
    limits: Limits
    services: list[ServiceSettings]
    enabled_services: list[str]
    ai: AiSettings
    api_keys: list[ApiKeySettings]
    secrets: list[ToldSecret]
    config: dict[str, JsonValue] = Field(description="system, plan and tenant merged")


def app_settings(tenant: ResolvedTenant) -> dict[str, Any]:
    """Plain values, in one order, with their version."""
    body = {
        "code": tenant.code,
        "name": tenant.spec.name,
        "domain": tenant.names.domain,
        "plan": tenant.spec.plan,
        "price": tenant.plan.price.model_dump(),
        "maxUsers": tenant.max_users,
        "maxStorage": tenant.max_storage,
        "features": dict(tenant.features),
        "quotas": {
            name: {"limit": quota.limit, "unit": quota.unit, "reset": quota.reset, "thresholds": list(quota.thresholds)}
            for name, quota in tenant.quotas.items()
        },
        "limits": _limits(tenant),
        "services": [_service(name, service) for name, service in tenant.services.items()],
        "enabledServices": list(tenant.services),
        "ai": _ai(tenant),
        "apiKeys": [
            {"name": key.name, "scopes": list(key.scopes), "expiresAt": key.expires_at.isoformat()}
            for key in tenant.api_keys
        ],
        "secrets": [{"name": secret.name, "variable": variable(secret.name)} for secret in tenant.spec.secrets],
        "config": to_plain(tenant.config),
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return {"version": digest[:16], **body}


def _limits(tenant: ResolvedTenant) -> dict[str, Any]:
    plan = tenant.plan
    return {
        "cpu": plan.compute.cpu,
        "memory": bytes_of(plan.compute.memory),
        "ephemeralStorage": bytes_of(plan.compute.ephemeral_storage),
        "minReplicas": plan.compute.min_replicas,
        "maxReplicas": plan.compute.replicas,
        "surge": plan.compute.surge,
        "scaleAtCpu": plan.compute.scale_at_cpu,
        "pods": plan.objects.pods,
        "services": plan.objects.services,
        "secrets": plan.objects.secrets,
        "configMaps": plan.objects.config_maps,
        "databaseConnections": plan.database.connections,
        "databasePool": plan.database.pool,
        "statementTimeoutSeconds": plan.database.statement_timeout_s,
        "idleTimeoutSeconds": plan.database.idle_timeout_s,
        "requestsPerMinute": plan.request_rate,
        "bodySize": bytes_of(plan.body_size),
    }


def _service(name: str, service: Service) -> dict[str, Any]:
    return {
        "name": name,
        "displayName": service.display_name,
        "version": service.version,
        "path": service_path(name),
        "requiredRoles": list(service.required_roles),
        "callsPerMinute": service.rate_limit,
    }


def _ai(tenant: ResolvedTenant) -> dict[str, Any]:
    return {
        "enabled": tenant.ai_enabled,
        "basePath": AI_BASE_PATH,
        "callsPerMinute": tenant.plan.ai.calls_per_minute,
        "default": tenant.ai_default if tenant.ai_enabled else None,
        "models": [
            {
                "name": name,
                "displayName": model.display_name,
                "type": model.type,
                "provider": model.provider,
                "priority": place,
            }
            for place, (name, model) in enumerate(tenant.models.items(), 1)
        ],
    }


def schema() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **AppSettings.model_json_schema(by_alias=True),
        "title": "What a tenant's application is told",
    }


def schema_json() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(schema_json(), end="")
