"""The hardened pods of a tenant: the body of its application's Deployment, and what those of services share with it."""

from collections.abc import Iterable
from typing import Any, Final

from components.manifests import autoscaler, credential_files
from components.manifests.app_environment import (
    API_KEYS_DIRECTORY,
    CA_DIRECTORY,
    CA_FILE,
    DATABASE_CA,
    TOKEN_DIRECTORY,
    TOKEN_FILE,
)
from components.manifests.quotas import container_resources
from components.shared.installation import Installation
from components.shared.labels import labels, selector
from tenantry.model.resolved import ResolvedTenant
from tenantry.names import APP_PORT, SERVICE_ACCOUNT, SESSION_SECONDS

CONFIG: Final = "business-app"  # the name of the ConfigMap and of the Secret
API_KEYS: Final = "api-keys"  # the name of the Secret with them, which is mounted: renewing one restarts nothing
USER: Final = 10001  # the image's files are readable to everybody; nothing of a node belongs to ids above 10,000
DRAIN_SECONDS: Final = 5  # until the gateway has stopped sending
GRACE_SECONDS: Final = 45  # the drain, a request's 30 seconds at the gateway, and some air
CHECKSUM: Final = "tenantry.io/config-checksum"


def deployment(tenant: ResolvedTenant, at: Installation, checksum: str, credentials: Iterable[str]) -> dict[str, Any]:
    """`credentials` are the names of its Secret's entries.

    A roll-out starts a new pod before it stops an old one; a changed checksum starts a roll-out.
    """
    code = tenant.names.code
    declared = autoscaler.replicas(tenant, at)
    return {
        **({} if declared is None else {"replicas": declared}),
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": dict(selector(code, SERVICE_ACCOUNT))},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": tenant.plan.compute.surge, "maxUnavailable": 0},
        },
        "template": {
            "metadata": {"labels": labels(code, part=SERVICE_ACCOUNT), "annotations": {CHECKSUM: checksum}},
            "spec": _pod(tenant, at, credentials),
        },
    }


def _pod(tenant: ResolvedTenant, at: Installation, credentials: Iterable[str]) -> dict[str, Any]:
    compute = tenant.plan.compute
    container = hardened_container(
        SERVICE_ACCOUNT,
        at.application.image,
        APP_PORT,
        at.application.health_path,
        container_resources(tenant.plan),
    )
    container["envFrom"] = [{"configMapRef": {"name": CONFIG}}, {"secretRef": {"name": CONFIG}}]
    container["env"] = credential_files.variables(credentials)
    container["volumeMounts"].append({"name": "sts", "mountPath": TOKEN_DIRECTORY, "readOnly": True})
    container["volumeMounts"].append(credential_files.MOUNT)
    body = spec(container, tenant.names.code, SERVICE_ACCOUNT, compute.ephemeral_storage)
    body["volumes"].append({"name": "sts", "projected": {"sources": [sts_token(at.identity.audience)]}})
    body["volumes"].append(credential_files.volume(CONFIG))
    mount_database_ca(container, body, at)
    if tenant.spec.api_keys:
        container["volumeMounts"].append({"name": API_KEYS, "mountPath": API_KEYS_DIRECTORY, "readOnly": True})
        body["volumes"].append({"name": API_KEYS, "secret": {"secretName": API_KEYS}})
    return body


def mount_database_ca(container: dict[str, Any], body: dict[str, Any], at: Installation) -> None:
    """The certificates as the file that DB_SSLROOTCERT names, where there are any."""
    if at.transport.ca is not None:
        items = [{"key": DATABASE_CA, "path": CA_FILE}]
        container["volumeMounts"].append({"name": "database-ca", "mountPath": CA_DIRECTORY, "readOnly": True})
        body["volumes"].append({"name": "database-ca", "configMap": {"name": CONFIG, "items": items}})


def spec(container: dict[str, Any], code: str, part: str, disk: str) -> dict[str, Any]:
    """A pod of one container that could not leave its namespace if it tried."""
    return {
        "serviceAccountName": SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            _spread(code, part, key) for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ],
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": disk}}],
    }


def hardened_container(part: str, image: str, port: int, health_path: str, amounts: dict[str, str]) -> dict[str, Any]:
    """A container that writes nowhere but to /tmp, and answers its probes at the port it serves."""
    return {
        "name": part,
        "image": image,
        "imagePullPolicy": "Always",  # or a node's cache would serve a private image to whoever names it
        "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}],
        "resources": {"requests": amounts, "limits": amounts},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": _probe(health_path, every=2, failures=60),  # two minutes to start
        "readinessProbe": _probe(health_path, every=5, failures=3),
        "livenessProbe": _probe(health_path, every=10, failures=6),  # restarts only what has been stuck for a minute
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 (the pod's own, see the volume)
    }


def _probe(path: str, *, every: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": every,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def sts_token(audience: str) -> dict[str, Any]:
    """For the STS alone: the Kubernetes API refuses a token of this audience."""
    return {
        "serviceAccountToken": {
            "audience": audience,
            "expirationSeconds": SESSION_SECONDS,
            "path": TOKEN_FILE,
        }
    }


def _spread(code: str, part: str, key: str) -> dict[str, Any]:
    """A wish, not a condition: a tenant with one node left still runs."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(selector(code, part))},
    }
