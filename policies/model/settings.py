"""Settings of each policy with their defaults: Pulumi's own policy configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.model.stack_settings import FACTS
from policies.model.values import boolean, mapping, number, sequence, text
from tenantry.names import DEFAULT_ZONE, OIDC_PROVIDER, PHOTO_BUCKET, SYSTEM_BUCKET

_TEXTS: Final = {"type": "array", "items": {"type": "string", "minLength": 1}}


def _texts(description: str, default: list[str]) -> dict[str, Any]:
    return {**_TEXTS, "description": description, "default": default}


def _any(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description, "default": ""}


def _count(description: str, default: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "description": description, "default": default}


# Policy -> property -> JSON schema; the defaults count where no stack says more (stack_settings.py). The limits of the
# account are those that Alibaba Cloud documents.
SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "database": {
        "extensions": _texts(
            "Extensions a tenant's database may have",
            [
                "btree_gin",
                "btree_gist",
                "citext",
                "hstore",
                "pg_trgm",
                "pgcrypto",
                "plpgsql",
                "unaccent",
                "uuid-ossp",
            ],
        ),
        "tls": {
            "type": "boolean",
            "description": "Tenants' applications must check the database server's certificate; true wherever real",
            "default": False,
        },
    },
    "storage": {
        "buckets": _texts("Buckets the tenants share", [SYSTEM_BUCKET, PHOTO_BUCKET]),
        "account": _any("Account at Alibaba Cloud that roles and grants are of; not set: any one"),
        "issuer": _any("Issuer of the cluster's service account tokens; not set: any exact one"),
        "provider": {
            "type": "string",
            "minLength": 1,
            "description": "Name of the account's OIDC identity provider for that issuer",
            "default": OIDC_PROVIDER,
        },
        "keys": _texts("KMS keys of the buckets, as acs:kms:REGION:ACCOUNT:key/ID", []),
        "audience": {
            "type": "string",
            "minLength": 1,
            "description": "Audience of the tokens that tenants' pods show to the STS",
            "default": "sts.aliyuncs.com",
        },
    },
    "dns": {
        "zone": {
            "type": "string",
            "minLength": 1,
            "description": "Zone of the tenants' domains",
            "default": DEFAULT_ZONE,
        },
        "gateway": {
            "type": "string",
            "pattern": "^[^/]+/[^/]+$",
            "description": "The Gateway that the tenants' routes hang on, as NAMESPACE/NAME",
            "default": "tenantry-gateway/tenants",
        },
    },
    "workload": {
        "registries": _texts("Registries images may come from, as HOST or HOST/PATH; empty: any", []),
        "digest": {
            "type": "boolean",
            "description": "Images must be named by digest; not set: imageDigest of the stack",
            "default": False,
        },
    },
    "network": {
        "gatewayProxyNamespace": {
            "type": "string",
            "minLength": 1,
            "description": "Namespace of the gateway's proxies, from which requests come",
            "default": "tenantry-gateway",
        },
        "monitoringNamespace": {
            "type": "string",
            "minLength": 1,
            "description": "Namespace of Prometheus, from which the exporter of metrics is scraped",
            "default": "monitoring",
        },
        "egress": _texts(
            "Destinations tenants may have, as NAMESPACE:PORT or CIDR:PORT; empty: what all tenants have alike",
            [],
        ),
    },
    "together": {
        "gatewayLimits": {
            "type": "boolean",
            "description": "The gateway is an Envoy Gateway, whose policies limit every route",
            "default": True,
        }
    },
    "totals": {
        "tenants": _count("Tenants in one stack", 100),
        "resources": _count("Resources in one stack", 4000),
        "connections": _count("Connections the database server takes", 5000),
        "reservedConnections": _count("Connections of these that it reserves for the platform and for superusers", 23),
        "cpu": _count("CPUs of the cluster that tenants may reserve", 400),
        "memoryGi": _count("Memory of the cluster that tenants may reserve, in GiB", 1600),
        "ephemeralStorageGi": _count("Disk of the nodes that tenants may reserve, in GiB", 8000),
        "pods": _count("Pods that the cluster takes", 3000),
        "ramRoles": _count("RAM roles of the account", 1000),
        "ramPolicies": _count("RAM policies of the account", 1500),
        "lifecycleRules": _count("Lifecycle rules of one bucket", 1000),
    },
}


def settable(policy: str) -> Mapping[str, Mapping[str, Any]]:
    """The settings that an installation may give a policy: facts of the installation itself come from the stack."""
    return {name: schema for name, schema in SCHEMAS.get(policy, {}).items() if name not in FACTS.get(policy, {})}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one policy, over the defaults."""

    policy: str
    given: Mapping[str, Any]

    def _value(self, name: str) -> Any:
        value = self.given.get(name)
        return mapping(SCHEMAS[self.policy][name]).get("default") if value is None else value

    def text(self, name: str) -> str:
        return text(self._value(name))

    def texts(self, name: str) -> frozenset[str]:
        return frozenset(text(value_in_list) for value_in_list in sequence(self._value(name)))

    def flag(self, name: str) -> bool:
        return boolean(self._value(name)) is True

    def count(self, name: str) -> int:
        return int(number(self._value(name)) or 0)
