"""A database with an owner nobody can log in as, and two login roles that take turns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import pulumi
from pulumi_postgresql import Database as PgDatabase
from pulumi_postgresql import Role
from pulumi_random import RandomPassword

from components.shared.installation import Providers
from components.shared.provider_resources import CloneRights, Migrations, Opening, ReadGrants, Seed

PASSWORD_LENGTH: Final = 40  # letters and digits alone: 238 bits, and nothing to escape in a connection string
# What a database was made from cannot be changed any more; a difference here must never drop it and clone it anew.
IMMUTABLE_AFTER_CREATE: Final = ("template", "encoding", "lcCollate", "lcCtype", "tablespaceName")


@dataclass(frozen=True, slots=True)
class Reader:
    """A login that reads some columns and writes nothing."""

    login: str
    connections: int
    columns: Mapping[str, Sequence[str]]  # table -> names


@dataclass(frozen=True, slots=True)
class DatabaseArgs:
    database: str  # also the name of the owner role
    logins: tuple[str, str]
    connections: int  # at once, by all roles together
    statement_timeout_s: int
    idle_timeout_s: int
    providers: Providers
    protect: bool
    temp_file_limit_kb: int | None = None  # of one session of a login; None: what the server says
    template: str | None = None  # to clone; None: an empty database
    rotation: int = 1  # raised by one, the other login role takes over with a new password
    access: bool = True
    rights: Literal["owner", "rows"] = "owner"  # of the logins: to act as the owner, or to read and write rows alone
    passwords: tuple[pulumi.Input[str], pulumi.Input[str]] | None = None  # None: made here
    overlap_until: date | None = None  # until when the other login role works; None: it does not
    migrations: tuple[str, str] | None = None  # set and digest
    kindergarten: Mapping[str, str] | None = None  # the tenant's own first rows
    administrators: Mapping[str, Mapping[str, str]] | None = None  # beside its contact, by id
    readers: Sequence[Reader] = ()
    opening: Opening | None = None  # where its steps are recorded
    after: Sequence[pulumi.Resource] = ()  # what must be there before anything is made
    shut: Sequence[
        pulumi.Resource
    ] = ()  # what ends access before the login roles change: their sessions may hold these


def password_generations(rotation: int) -> tuple[int, int]:
    """For each login role the rotation that gave it its password: only that of the role taking over changes."""
    return rotation - (rotation + 1) % 2, rotation - rotation % 2


def _valid_until(day: date | None) -> str:
    """The server itself ends the old password at the beginning of that day, whether or not anything runs then.

    As PostgreSQL writes it for a session in UTC, so that a refresh finds what was declared.
    """
    return "infinity" if day is None else f"{day.isoformat()} 00:00:00+00"


class Database(pulumi.ComponentResource):
    """Roles, passwords, the database, and the rights that a clone does not inherit.

    Each is given the others' names as plain values, and waits for them by `depends_on`. Of a resource that failed the
    engine knows no output: an input taken from there would be missing, and the Check of a provider or a policy that
    needs it would end the run of all tenants (tests/policies/test_failed_before.py).
    """

    login: str
    idle: str  # the other one
    password: pulumi.Output[str]
    opened: Role  # with it the password works: whoever is handed that comes after it
    readers: Mapping[str, pulumi.Output[str]]  # login -> password
    ready: pulumi.Resource  # the last step: with it the database can be used
    administrator: pulumi.Output[str] | None = None  # the password of one use, a secret
    administrators: pulumi.Output[Mapping[str, str] | None] | None = None  # the same of the further ones, by id

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Database", name, None, opts)
        kept = pulumi.ResourceOptions(
            parent=self, provider=args.providers.postgresql, protect=args.protect, depends_on=list(args.after)
        )
        owner = Role(f"{name}-owner", name=args.database, login=False, opts=kept)
        passwords = args.passwords or self._passwords(name, args)
        active = (args.rotation - 1) % 2
        logins = [
            Role(
                f"{name}-login-{login[-1]}",
                name=login,
                login=args.access and (index == active or args.overlap_until is not None),
                password=password,
                valid_until=_valid_until(None if index == active else args.overlap_until),
                roles=[args.database] if args.rights == "owner" else [],
                # The database's own limit is its owner's to lift, and a login may act as the owner.
                connection_limit=args.connections,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    provider=args.providers.postgresql,
                    depends_on=[*([owner] if args.rights == "owner" else []), *args.shut],
                ),
            )
            for index, (login, password) in enumerate(zip(args.logins, passwords, strict=True))
        ]
        database = PgDatabase(
            f"{name}-database",
            name=args.database,
            owner=args.database,
            template=args.template,
            connection_limit=args.connections,
            # Closed from its first moment: PostgreSQL lets everybody into a new database. CloneRights opens it.
            allow_connections=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.providers.postgresql,
                protect=args.protect,
                ignore_changes=[*IMMUTABLE_AFTER_CREATE, "allowConnections"],
                depends_on=[owner],
            ),
        )
        readers = {reader.login: self._reader(name, args, reader) for reader in args.readers}
        last = self._steps(
            name,
            args,
            database,
            owner,
            [*logins, *(role for role, _ in readers.values())],
            {
                **dict(zip(args.logins, passwords, strict=True)),
                **{login: password for login, (_, password) in readers.items()},
            },
        )
        self.readers = {login: pulumi.Output.secret(password) for login, (_, password) in readers.items()}
        self.login, self.idle, self.ready = args.logins[active], args.logins[1 - active], last
        self.password, self.opened = pulumi.Output.secret(passwords[active]), logins[active]
        self.register_outputs({"database": args.database, "login": self.login})

    def _passwords(self, name: str, args: DatabaseArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        first, second = (
            RandomPassword(
                f"{name}-password-{login[-1]}",
                length=PASSWORD_LENGTH,
                special=False,
                keepers={"rotation": str(generation)},
                opts=pulumi.ResourceOptions(parent=self, provider=args.providers.random),
            ).result
            for login, generation in zip(args.logins, password_generations(args.rotation), strict=True)
        )
        return first, second

    def _reader(self, name: str, args: DatabaseArgs, reader: Reader) -> tuple[Role, pulumi.Output[str]]:
        """Its role, a member of nothing, and its password."""
        password = RandomPassword(
            f"{name}-password-{reader.login}",
            length=PASSWORD_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=self, provider=args.providers.random),
        ).result
        role = Role(
            f"{name}-login-{reader.login}",
            name=reader.login,
            login=True,
            password=password,
            roles=[],
            connection_limit=reader.connections,
            opts=pulumi.ResourceOptions(parent=self, provider=args.providers.postgresql),
        )
        return role, password

    def _steps(
        self,
        name: str,
        args: DatabaseArgs,
        database: PgDatabase,
        owner: Role,
        logins: list[Role],
        passwords: Mapping[str, pulumi.Input[str]],
    ) -> pulumi.Resource:
        """Rights first, which open the database; they reach what the migrations make after them as well."""

        def step_options(*after: pulumi.Resource) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(parent=self, provider=args.providers.steps, depends_on=list(after))

        last: pulumi.Resource = CloneRights(
            f"{name}-rights",
            database=args.database,
            owner=args.database,
            logins=args.logins,
            statement_timeout_s=args.statement_timeout_s,
            idle_timeout_s=args.idle_timeout_s,
            connection_limit=args.connections,
            temp_file_limit_kb=args.temp_file_limit_kb,
            rights=None if args.rights == "owner" else args.rights,
            readers=[reader.login for reader in args.readers],
            passwords=pulumi.Output.secret(pulumi.Output.all(**passwords)),
            opening=args.opening,
            opts=step_options(database, owner, *logins),
        )
        if args.migrations is not None:
            chosen, digest = args.migrations
            last = Migrations(
                f"{name}-migrations", database=args.database, set=chosen, digest=digest, opts=step_options(last)
            )
        for reader in args.readers:
            last = ReadGrants(
                f"{name}-reads-{reader.login}",
                database=args.database,
                login=reader.login,
                columns=reader.columns,
                opts=step_options(last),
            )
        if args.kindergarten is not None:
            last = Seed(
                f"{name}-seed",
                database=args.database,
                kindergarten=args.kindergarten,
                administrators=args.administrators,
                opening=args.opening,
                opts=step_options(last),
            )
            self.administrator = pulumi.Output.secret(last.password)
            self.administrators = pulumi.Output.secret(last.passwords)
        return last
