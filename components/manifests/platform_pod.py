"""The hardened pods of the platform's own programs: one container of the image of tenantry, with the database's
certificates where there are any.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

USER: Final = 10001  # of nobody on any node
AUTHORITY: Final = "ca.pem"
AUTHORITIES: Final = "/etc/tenantry/database"  # where that file lies in the pod


def container(
    name: str,
    image: str,
    command: Sequence[str],
    variables: Mapping[str, str],
    requests: Mapping[str, str],
    limits: Mapping[str, str],
) -> dict[str, Any]:
    """A container that writes nowhere but to /tmp, with the entries of the Secret of its name."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "Always",
        "command": list(command),
        "env": [{"name": key, "value": value} for key, value in variables.items()],
        "envFrom": [{"secretRef": {"name": name}}],
        "resources": {"requests": dict(requests), "limits": dict(limits)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 (the pod's own)
    }


def pod(container: dict[str, Any], disk: str) -> dict[str, Any]:
    """Runs under the account of the container's name, which mounts no token. `disk`: the most in /tmp."""
    return {
        "serviceAccountName": container["name"],
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": disk}}],
    }


def mount_authorities(pod: dict[str, Any]) -> None:
    """The certificates of the ConfigMap of the container's name, as the file that libpq is told."""
    (container,) = pod["containers"]
    container["env"].append({"name": "PGSSLROOTCERT", "value": f"{AUTHORITIES}/{AUTHORITY}"})
    container["volumeMounts"].append({"name": "ca", "mountPath": AUTHORITIES})
    pod["volumes"].append({"name": "ca", "configMap": {"name": container["name"]}})
