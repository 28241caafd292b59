"""What the application is told: plain settings in a ConfigMap, and credentials in a Secret."""

import json
from typing import Any, Final

from components.installation import Installation
from tenantry.layers import thawed
from tenantry.names import APP_PORT
from tenantry.resolved import ResolvedTenant

TOKEN_DIRECTORY: Final = "/var/run/secrets/tenantry.io/sts"  # noqa: S105 (a folder's name)
TOKEN_FILE: Final = "token"  # noqa: S105 (a file's name)


def settings(tenant: ResolvedTenant, at: Installation) -> dict[str, str]:
    """By the names that the application, and Alibaba Cloud's SDKs for their part, look for."""
    names, identity = tenant.names, at.identity
    return {
        "USER_ID": names.code,
        "PORT": str(APP_PORT),
        "DB_HOST": at.database_host,
        "DB_PORT": str(at.database_port),
        "DB_NAME": names.database,
        "DB_POOL_SIZE": str(tenant.plan.database.pool),
        "UNIFIED_TENANT_API_URL": at.services.unified_tenant_api,
        "AI_BRIDGE_URL": at.services.ai_bridge,
        "GATEWAY_URL": at.services.gateway,
        "ADMIN_SERVICE_URL": at.services.admin,
        "OSS_SYSTEM_BUCKET": at.system.name,
        "OSS_SYSTEM_REGION": at.system.region,
        "OSS_PHOTO_BUCKET": at.photos.name,
        "OSS_PHOTO_REGION": at.photos.region,
        "OSS_PREFIX": names.prefix,
        "ALIBABA_CLOUD_ROLE_ARN": identity.role_arn(names.ram_role),
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": identity.provider_arn,
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE": f"{TOKEN_DIRECTORY}/{TOKEN_FILE}",
        "ALIBABA_CLOUD_ROLE_SESSION_NAME": names.ram_role,
        "TENANT_SETTINGS": json.dumps(platform_view(tenant), ensure_ascii=False, sort_keys=True),
    }


def platform_view(tenant: ResolvedTenant) -> dict[str, Any]:
    """Plan, features, limits, quotas and the merged layers: the same for the application and for the tenant's row."""
    spec, plan = tenant.spec, tenant.plan
    return {
        "plan": spec.plan,
        "maxUsers": tenant.max_users,
        "maxStorage": tenant.max_storage,
        "features": dict(tenant.features),
        "quotas": {
            name: {"limit": quota.limit, "unit": quota.unit, "reset": quota.reset, "thresholds": list(quota.thresholds)}
            for name, quota in plan.quotas.items()
        },
        "enabledServices": list(spec.enabled_services),
        "ai": {
            "models": list(spec.ai.models if spec.ai else plan.ai.models),
            "default": (spec.ai.default if spec.ai else None) or plan.ai.default,
            "callsPerMinute": plan.ai.calls_per_minute,
        },
        "config": thawed(tenant.config),
    }
