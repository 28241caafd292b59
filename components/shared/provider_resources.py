"""The resources of our own provider (provider/), as Pulumi sees them.

They do what no published provider offers, and are ordinary resources: their inputs are in the state, secrets encrypted,
and no code is. The engine finds the plugin through `plugins:` in Pulumi.yaml.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from tenantry.names import ADMIN_DATABASE

PACKAGE = "tenantry"

Opening = Mapping[str, str]
"""Where a step records itself: `database`, that of the administration, and `tenant`, the code."""


def opening_of(tenant: str) -> Opening:
    return {"database": ADMIN_DATABASE, "tenant": tenant}


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
        connection_limit: int,
        temp_file_limit_kb: int | None = None,
        rights: str | None = None,
        readers: Sequence[str] = (),
        passwords: pulumi.Input[Mapping[str, str]] | None = None,
        opening: Opening | None = None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {
            "database": database,
            "owner": owner,
            "logins": list(logins),
            "statementTimeout": statement_timeout_s,
            "idleTimeout": idle_timeout_s,
            "connectionLimit": connection_limit,
            "tempFileLimit": temp_file_limit_kb,
            "rights": rights,
            "readers": list(readers) or None,
            "passwords": passwords,
            "opening": opening,
        }
        super().__init__(f"{PACKAGE}:index:CloneRights", name, inputs, opts)


class ReadGrants(pulumi.CustomResource):
    """The columns of a database that a login may read; it holds nothing else there."""

    def __init__(
        self,
        name: str,
        *,
        database: str,
        login: str,
        columns: Mapping[str, Sequence[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        named = {table: list(names) for table, names in columns.items()}
        inputs = {"database": database, "login": login, "columns": named}
        super().__init__(f"{PACKAGE}:index:ReadGrants", name, inputs, opts)


class ClosedDatabases(pulumi.CustomResource):
    """The server's own databases, which PostgreSQL opens to every role, shut to the tenants; and the provisioner's
    sessions, which end a wait for what a tenant holds."""

    def __init__(self, name: str, databases: Sequence[str], *, opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"{PACKAGE}:index:ClosedDatabases", name, {"databases": list(databases)}, opts)


class Seed(pulumi.CustomResource):
    """A tenant's first rows, and its administrator; never overwrites what the tenant has changed since."""

    password: pulumi.Output[str]  # the administrator's, of one use; empty when the account was in use already
    passwords: pulumi.Output[Mapping[str, str] | None]  # of the further administrators, by id

    def __init__(
        self,
        name: str,
        *,
        database: pulumi.Input[str],
        kindergarten: Mapping[str, pulumi.Input[str]],
        administrators: Mapping[str, Mapping[str, str]] | None = None,
        opening: Opening | None = None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {
            "database": database,
            "kindergarten": dict(kindergarten),
            "administrators": administrators or None,
            "opening": opening,
            "password": None,
            "passwords": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["password", "passwords"])
        super().__init__(f"{PACKAGE}:index:Seed", name, inputs, pulumi.ResourceOptions.merge(opts, secret))


class TenantRow(pulumi.CustomResource):
    """The tenant's row in the admin database: what the admin service and the gateway know of it."""

    def __init__(
        self, name: str, row: Mapping[str, Any], *, opening: Opening | None = None, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__(f"{PACKAGE}:index:TenantRow", name, {**row, "opening": opening}, opts)


class Opened(pulumi.CustomResource):
    """The end of a tenant's opening, and what its removal begins with: depends on all that the tenant has.

    `memory` is what to remember of the tenant once all of it is done, `remembered` that of the last run which did it.
    Two names: where a run leaves a resource out, the SDK takes an output that is missing from the inputs.
    """

    remembered: pulumi.Output[Mapping[str, Any] | None]

    def __init__(
        self,
        name: str,
        *,
        opening: Opening,
        domain: str | None,
        address: str | None,
        removal: Mapping[str, Any],
        memory: Mapping[str, Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        outputs = {"memory": memory, "remembered": None}
        inputs = {"opening": opening, "domain": domain, "address": address, "removal": None, "purge": None, **removal}
        super().__init__(f"{PACKAGE}:index:Opened", name, inputs | outputs, opts)


class Sessions(pulumi.CustomResource):
    """Login roles that cannot log in and have no session while this is declared: of tenants whose access has ended."""

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
        opening: Opening | None = None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {
            "objects": {bucket: list(keys) for bucket, keys in objects.items()},
            "regions": dict(regions),
            "opening": opening,
        }
        super().__init__(f"{PACKAGE}:index:Directories", name, inputs, opts)
