"""Kubernetes objects as Kubernetes writes them: one resource class for all kinds.

Why not the SDK's classes: importing its core/v1 module costs more CPU than all the rest of this program's start, and
its typed inputs double the cost of registering an object. What the types would catch, a misspelt field, is caught by a
test that checks every manifest against the official client's models, and by the API server.
Type, inputs and version on the wire are those of the SDK, so the state does not show the difference.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import pulumi

from tenantry.names import LONGEST_GRACE_SECONDS

# How the SDK names the groups whose API version is not that of the object itself.
_CORE: Final = "core/"
# What takes everything in it along when it is deleted, while the state goes on to believe in that. The plugin decides
# about these: it rather takes one over that is there.
_HOLDS_OTHERS: Final = {"Namespace", "CustomResourceDefinition"}
# A plugin waits 10 minutes by itself. A pod may take its grace; what takes longer than that and 3 minutes is held.
DELETE_SECONDS: Final = LONGEST_GRACE_SECONDS + 180


def token(api_version: str, kind: str) -> str:
    """The Pulumi type of an object: kubernetes:core/v1:Secret, kubernetes:apps/v1:Deployment."""
    group = api_version if "/" in api_version else _CORE + api_version
    return f"kubernetes:{group}:{kind}"


@cache
def _sdk_version() -> str:
    """The version whose plugin the engine starts."""
    return version("pulumi-kubernetes")


class Manifest(pulumi.CustomResource):
    """One object. `body` is everything beside apiVersion, kind and metadata, in Kubernetes' own spelling.

    One that `completes` sets fields of an object that the cluster itself makes, and leaves it there when it goes.
    """

    def __init__(
        self,
        name: str,
        api_version: str,
        kind: str,
        metadata: Mapping[str, Any],
        body: Mapping[str, Any],
        opts: pulumi.ResourceOptions,
        *,
        completes: bool = False,
    ) -> None:
        opts = pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                version=_sdk_version(),
                # A replacement that somebody asked for (`--replace`, `pulumi state taint`) is made without a word to
                # the plugin. Made first, under the same name, it would be the very object that is then deleted.
                delete_before_replace=None if kind in _HOLDS_OTHERS else True,
                additional_secret_outputs=["data", "stringData"] if kind == "Secret" else None,
                custom_timeouts=pulumi.CustomTimeouts(delete=f"{DELETE_SECONDS}s"),
            ),
        )
        inputs = {"apiVersion": api_version, "kind": kind, "metadata": dict(metadata), **body}
        super().__init__(token(api_version, kind + ("Patch" if completes else "")), name, inputs, opts)
