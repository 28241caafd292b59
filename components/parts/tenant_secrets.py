"""The tenant's secrets for other services in its pod: a Secret of their own, as variables and as files.

A changed value starts the pods anew, as they read variables only at their start. What tells the change is a keyed hash:
its key is derived from the tenant's root, so that no value can be found by trying.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final, cast

import pulumi

from components.shared.credentials import TenantCredentials
from tenantry.spec.tenant import TenantSpec
from tenantry.spec.tenant_secrets import FILE_SUFFIX, variable

NAME: Final = "tenant-secrets"  # of the Secret and of its volume
DIRECTORY: Final = "/var/run/secrets/tenantry.io/tenant-secrets"
CHECKSUM: Final = "tenantry.io/secrets-checksum"

Values = Mapping[str, pulumi.Output[str]]  # name in the tenant's file -> value


def data(values: Values) -> dict[str, pulumi.Output[str]]:
    """By the names of the variables, which are those of the files, too."""
    return {variable(name): value for name, value in values.items()}


def hand(template: dict[str, Any], spec: TenantSpec, checksum: pulumi.Output[str]) -> None:
    """Adds them to the body of a pod's template, below all that the platform sets.

    A tenant without access keeps the variables and the mount, of a Secret that is empty: no pod of it runs.
    """
    template["metadata"]["annotations"][CHECKSUM] = checksum
    pod = template["spec"]
    container = pod["containers"][0]
    container["envFrom"] = [{"secretRef": {"name": NAME}}, *container.get("envFrom", [])]
    files = [
        {"name": variable(secret.name) + FILE_SUFFIX, "value": f"{DIRECTORY}/{variable(secret.name)}"}
        for secret in spec.secrets
    ]
    container["env"] = [*files, *container.get("env", [])]
    container["volumeMounts"].append({"name": NAME, "mountPath": DIRECTORY, "readOnly": True})
    pod["volumes"].append({"name": NAME, "secret": {"secretName": NAME}})


def checksum(keys: TenantCredentials, values: Values) -> pulumi.Output[str]:
    """Not secret, and the same as long as all values are."""
    names = sorted(values)
    parts = pulumi.Output.all(keys.key("tenant-secrets-checksum", 0), *(values[name] for name in names))

    def digest(values: list[Any]) -> str:
        key, *secrets = cast("list[str]", values)
        message = json.dumps(dict(zip(names, secrets, strict=True)), sort_keys=True)
        return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()

    return pulumi.Output.unsecret(parts.apply(digest))
