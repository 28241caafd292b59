"""The hardened pod that runs a tenant's application: the body of its Deployment."""

from typing import Any, Final

from components.environment import TOKEN_DIRECTORY, TOKEN_FILE
from components.installation import Installation
from components.ownership import labels, selector
from components.quotas import container_resources
from tenantry.names import APP_PORT, SERVICE_ACCOUNT, SESSION_SECONDS
from tenantry.phase import Phase
from tenantry.resolved import ResolvedTenant

CONFIG: Final = "business-app"  # the name of the ConfigMap and of the Secret
USER: Final = 1000  # what the image's files belong to
DRAIN_SECONDS: Final = 5  # until the gateway has stopped sending
GRACE_SECONDS: Final = 45  # the drain, a request's 30 seconds at the gateway, and some air
CHECKSUM: Final = "tenantry.io/config-checksum"


def replicas(tenant: ResolvedTenant) -> int:
    """A tenant that is asleep or suspended keeps its Deployment, and no pod of it runs."""
    return tenant.plan.compute.replicas if tenant.phase is Phase.ACTIVE else 0


def deployment(tenant: ResolvedTenant, at: Installation, checksum: str) -> dict[str, Any]:
    """A roll-out starts a new pod before it stops an old one; a changed checksum starts a roll-out."""
    code = tenant.names.code
    return {
        "replicas": replicas(tenant),
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": dict(selector(code, SERVICE_ACCOUNT))},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": tenant.plan.compute.surge, "maxUnavailable": 0},
        },
        "template": {
            "metadata": {"labels": labels(code, part=SERVICE_ACCOUNT), "annotations": {CHECKSUM: checksum}},
            "spec": _pod(tenant, at),
        },
    }


def _pod(tenant: ResolvedTenant, at: Installation) -> dict[str, Any]:
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
            _spread(tenant.names.code, key) for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ],
        "containers": [_container(tenant, at)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": tenant.plan.compute.ephemeral_storage}},
            {"name": "sts", "projected": {"sources": [_token(at)]}},
        ],
    }


def _container(tenant: ResolvedTenant, at: Installation) -> dict[str, Any]:
    amounts = container_resources(tenant.plan)
    return {
        "name": SERVICE_ACCOUNT,
        "image": at.application.image,
        "imagePullPolicy": "Always",  # or a node's cache would serve a private image to whoever names it
        "ports": [{"name": "http", "containerPort": APP_PORT, "protocol": "TCP"}],
        "envFrom": [{"configMapRef": {"name": CONFIG}}, {"secretRef": {"name": CONFIG}}],
        "resources": {"requests": amounts, "limits": amounts},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": _probe(at, every=2, failures=60),  # two minutes to start
        "readinessProbe": _probe(at, every=5, failures=3),
        "livenessProbe": _probe(at, every=10, failures=6),  # restarts only what has been stuck for a minute
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (the pod's own, see the volume)
            {"name": "sts", "mountPath": TOKEN_DIRECTORY, "readOnly": True},
        ],
    }


def _probe(at: Installation, *, every: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": at.application.health_path, "port": "http"},
        "periodSeconds": every,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _token(at: Installation) -> dict[str, Any]:
    """For the STS alone: the Kubernetes API refuses a token of this audience."""
    return {
        "serviceAccountToken": {
            "audience": at.identity.audience,
            "expirationSeconds": SESSION_SECONDS,
            "path": TOKEN_FILE,
        }
    }


def _spread(code: str, key: str) -> dict[str, Any]:
    """A wish, not a condition: a tenant with one node left still runs."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(selector(code, SERVICE_ACCOUNT))},
    }
