"""The resources of our own provider (provider/), as Pulumi sees them.

They do what no published provider offers, and are ordinary resources: their inputs are in the state, secrets encrypted,
and no code is. The engine finds the plugin through `plugins:` in Pulumi.yaml.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

PACKAGE = "tenantry"


class StepsProvider(pulumi.ProviderResource):
    """The provider with its connections, which are secret as a whole: they hold passwords."""

    def __init__(
        self,
        name: str,
        *,
        postgresql: Mapping[str, Any],
        alibaba: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        connections = {"postgresql": _encoded(postgresql), "alibaba": _encoded(alibaba)}
        super().__init__(PACKAGE, name, connections, opts)


def _encoded(settings: Mapping[str, Any]) -> pulumi.Output[str]:
    """A provider's settings travel as strings: what is nested is JSON, as in every SDK."""
    return pulumi.Output.secret(pulumi.Output.json_dumps(settings))


class Migrations(pulumi.CustomResource):
    """A database at the newest version of a set of migrations; runs again when the digest of the set changes."""

    version: pulumi.Output[int]

    def __init__(
        self,
        name: str,
        *,
        database: pulumi.Input[str],
        set: str,
        digest: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {"database": database, "set": set, "digest": digest, "version": None}
        super().__init__(f"{PACKAGE}:index:Migrations", name, inputs, opts)


class CloneRights(pulumi.CustomResource):
    """Everything that a clone does not inherit from its template: rights, ownership, the roles' settings."""

    def __init__(
        self,
        name: str,
        *,
        database: pulumi.Input[str],
        owner: pulumi.Input[str],
        logins: Sequence[pulumi.Input[str]],
        statement_timeout_s: int,
        idle_timeout_s: int,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {
            "database": database,
            "owner": owner,
            "logins": list(logins),
            "statementTimeout": statement_timeout_s,
            "idleTimeout": idle_timeout_s,
        }
        super().__init__(f"{PACKAGE}:index:CloneRights", name, inputs, opts)


class ClosedDatabases(pulumi.CustomResource):
    """The server's own databases, which PostgreSQL opens to every role, shut to the tenants."""

    def __init__(self, name: str, databases: Sequence[str], *, opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"{PACKAGE}:index:ClosedDatabases", name, {"databases": list(databases)}, opts)


class Seed(pulumi.CustomResource):
    """A tenant's first rows in its clone; never overwrites what the tenant has changed since."""

    def __init__(
        self,
        name: str,
        *,
        database: pulumi.Input[str],
        kindergarten: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {"database": database, "kindergarten": dict(kindergarten)}
        super().__init__(f"{PACKAGE}:index:Seed", name, inputs, opts)


class TenantRow(pulumi.CustomResource):
    """The tenant's row in the admin database: what the admin service and the gateway know of it."""

    def __init__(self, name: str, row: Mapping[str, Any], *, opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"{PACKAGE}:index:TenantRow", name, dict(row), opts)


class Sessions(pulumi.CustomResource):
    """That no session of a tenant's login roles runs: declared where access has ended."""

    def __init__(self, name: str, database: str, logins: Sequence[str], *, opts: pulumi.ResourceOptions) -> None:
        inputs = {"database": database, "logins": list(logins)}
        super().__init__(f"{PACKAGE}:index:Sessions", name, inputs, opts)


class Backup(pulumi.CustomResource):
    """A deleted tenant's backup, one for each deletion, and the plan of its removal."""

    def __init__(self, name: str, inputs: Mapping[str, Any], *, opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"{PACKAGE}:index:Backup", name, {**inputs, "backupId": None}, opts)


class Directories(pulumi.CustomResource):
    """The sub-directories of a tenant's prefixes: zero-byte objects, so that they are seen before they are used."""

    def __init__(
        self,
        name: str,
        *,
        objects: Mapping[str, Sequence[str]],
        regions: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {"objects": {bucket: list(keys) for bucket, keys in objects.items()}, "regions": dict(regions)}
        super().__init__(f"{PACKAGE}:index:Directories", name, inputs, opts)
