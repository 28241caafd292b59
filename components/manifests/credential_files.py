"""The credentials a second time, as files: what is no variable shows in no crash report and in no child process.

`DB_PASSWORD_FILE` names the file with what `DB_PASSWORD` says. A file changes under a pod that runs, a variable with
the next pod. The key before the last rotation has a file beside the others as long as it counts, and no variable that
names it: that would have to go when it ends, and with it every pod.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final

from tenantry.spec.tenant_secrets import FILE_SUFFIX as SUFFIX

DIRECTORY: Final = "/var/run/secrets/tenantry.io/credentials"
VOLUME: Final = "credentials"
PREVIOUS: Final = "_PREVIOUS"  # ends the name of what still counts beside its successor
OWN_GROUP_READS: Final = 0o440
MOUNT: Final = {"name": VOLUME, "mountPath": DIRECTORY, "readOnly": True}


def variables(credentials: Iterable[str]) -> list[dict[str, str]]:
    """For a container's `env`: where each credential that is always there lies."""
    lasting = (key for key in credentials if not key.endswith(PREVIOUS))
    return [{"name": key + SUFFIX, "value": f"{DIRECTORY}/{key}"} for key in lasting]


def volume(secret: str) -> dict[str, Any]:
    """All of a Secret."""
    return {"name": VOLUME, "secret": {"secretName": secret, "defaultMode": OWN_GROUP_READS}}


def part(secret: str, always: Collection[str], sometimes: Collection[str]) -> dict[str, Any]:
    """These entries alone; a pod starts without the second ones."""
    sources = [
        {"secret": {"name": secret, "items": _items(always)}},
        {"secret": {"name": secret, "items": _items(sometimes), "optional": True}},
    ]
    return {"name": VOLUME, "projected": {"defaultMode": OWN_GROUP_READS, "sources": sources}}


def _items(keys: Collection[str]) -> list[dict[str, str]]:
    return [{"key": key, "path": key} for key in keys]
