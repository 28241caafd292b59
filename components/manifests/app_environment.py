"""The application's settings as a ConfigMap and its credentials as a Secret."""

import json
from collections.abc import Mapping
from typing import Final

from components.shared.installation import Installation, Transport
from tenantry.model.app_settings import app_settings
from tenantry.model.credential_rotation import ALL_CREDENTIALS
from tenantry.model.resolved import ResolvedTenant
from tenantry.names import APP_PORT

TOKEN_DIRECTORY: Final = "/var/run/secrets/tenantry.io/sts"  # noqa: S105 (a folder's name)
TOKEN_FILE: Final = "token"  # noqa: S105 (a file's name)
DATABASE_CA: Final = "DB_CA"  # the entry of the settings with the certificates, which is mounted as the file
CA_DIRECTORY: Final = "/etc/tenantry/database"
CA_FILE: Final = "ca.pem"
API_KEYS_DIRECTORY: Final = "/var/run/secrets/tenantry.io/api-keys"
# Parts of the document that change with what is switched on beside a service: it is not restarted for them.
NOT_OF_SERVICES: Final = ("version", "services", "enabledServices", "apiKeys", "secrets")
PREVIOUS_UNTIL: Final = "CREDENTIALS_PREVIOUS_UNTIL"


def restart_relevant(plain: Mapping[str, str]) -> dict[str, str]:
    """The settings for which pods must start anew: all but until when the credentials before these still work."""
    return {key: value for key, value in plain.items() if key != PREVIOUS_UNTIL}


def transport(transport: Transport) -> dict[str, str]:
    """The application's check of the database server's certificate, in libpq's words and by the same file."""
    if transport.ca is None:
        return {"DB_SSLMODE": transport.sslmode}
    return {
        "DB_SSLMODE": transport.sslmode,
        "DB_SSLROOTCERT": f"{CA_DIRECTORY}/{CA_FILE}",
        DATABASE_CA: transport.ca,
    }


def settings(tenant: ResolvedTenant, at: Installation) -> dict[str, str]:
    """By the names that the application, and Alibaba Cloud's SDKs for their part, look for."""
    names, identity, rotation = tenant.names, at.identity, tenant.rotations[ALL_CREDENTIALS]
    overlap = {PREVIOUS_UNTIL: rotation.until.isoformat()} if rotation.overlaps else {}
    systems = {key: value for system in at.systems for key, value in system.environment(names).items()}
    return (
        overlap
        | systems
        | {
            "USER_ID": names.code,
            "PORT": str(APP_PORT),
            "DB_HOST": at.database_host,
            "DB_PORT": str(at.database_port),
            "DB_NAME": names.database,
            "DB_POOL_SIZE": str(tenant.plan.database.pool),
            **transport(at.transport),
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
            "TENANT_SETTINGS": json.dumps(app_settings(tenant), ensure_ascii=False, sort_keys=True),
        }
    )
