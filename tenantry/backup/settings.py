"""A stack's names and addresses for the commands, and whose databases there are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tenantry.backup.clients import LIMIT_MINUTES, BackupClients, BucketLocation
from tenantry.backup.contents.prefixes import Filed, Prefixes
from tenantry.backup.create import BackupStore, BackupSubject
from tenantry.backup.errors import BackupError, error_context
from tenantry.backup.records import BackupRecords
from tenantry.engine.clients.alibaba_rpc import VARIABLES as ALIBABA_VARIABLES
from tenantry.engine.clients.postgresql import VARIABLES as DATABASE_VARIABLES
from tenantry.engine.process.pulumi_cli import Cli
from tenantry.engine.stack.fleet_location import from_here
from tenantry.engine.stack.project import Project
from tenantry.engine.stack.stack_connection import environment_of_program, given
from tenantry.names import ADMIN_DATABASE, TEMPLATE_DATABASE, database_of

ROWS = "SELECT tenant_id, plan_type, status FROM tenants WHERE tenant_id ~ '^k[0-9]{3,6}$'"
DATABASES = "SELECT 'k' || substr(datname, 5) FROM pg_database WHERE datname ~ '^rent[0-9]{3,6}$'"
PLATFORM = (
    BackupSubject(TEMPLATE_DATABASE, TEMPLATE_DATABASE, is_template=True),
    BackupSubject(ADMIN_DATABASE, ADMIN_DATABASE),
)

VARIABLES = {**DATABASE_VARIABLES, **ALIBABA_VARIABLES}


@dataclass(frozen=True, slots=True)
class KnownTenant:
    """A tenant that has a database or a row, with the plan whose retention it is kept by."""

    name: str
    plan: str = ""
    status: str = ""
    subject_or_error: BackupSubject | BackupError | None = None
    administrators: int = 0  # beside its contact

    @property
    def subject(self) -> BackupSubject:
        """Raises BackupError where it is not known what belongs to the tenant."""
        if isinstance(self.subject_or_error, BackupSubject):
            return self.subject_or_error
        raise self.subject_or_error or BackupError(f"{self.name} was not looked at", "this is a fault of the program")


@dataclass(frozen=True, slots=True)
class Stack:
    vault: BackupStore
    buckets: tuple[BucketLocation, ...]  # of the tenants
    folder: Path  # with the tenants' files

    @classmethod
    def of(cls, project: Project, stack: str, environment: Mapping[str, str]) -> "Stack":
        """Raises BackupError where the stack does not say what it uses; Refusal where it cannot be read."""

        def place(name: str) -> BucketLocation:
            bucket, region = (project.setting(stack, f"{name}{what}") for what in ("Bucket", "Region"))
            if not bucket or not region:
                raise BackupError(f"tenantry:{name}Bucket or {name}Region is not set", "see Pulumi.yaml")
            return BucketLocation(bucket, region)

        limit = project.setting(stack, "backupLimitMinutes") or str(LIMIT_MINUTES)
        if not limit.isascii() or not limit.isdigit() or not int(limit):
            raise BackupError(f"tenantry:backupLimitMinutes is {limit}", "write a number of minutes, such as 60")
        systems = systems_of(Cli(project.root, environment, ""), stack, 60.0 * int(limit))
        vault = BackupStore(systems, place("backup"), BackupRecords(systems, ADMIN_DATABASE))
        return cls(vault, (place("photo"), place("system")), project.tenants(stack))

    def file(self, code: str) -> str:
        """The tenant's file, as a person names it."""
        return str(from_here(self.folder) / f"{code}.yaml")

    def tenants(self, codes: Collection[str] = ()) -> dict[str, KnownTenant]:
        """Code -> tenant: those of `codes`, or everybody, who has a database or a row of one who is not purged.

        What belongs to a tenant follows from its code and its file: rows are not the platform's alone to write.
        """
        with error_context("looking for databases"), self.vault.systems.session() as session:
            there = {str(code) for (code,) in session.execute(DATABASES).fetchall()}
        with (
            error_context("asking the admin database"),
            self.vault.systems.session(self.vault.records.database) as session,
        ):
            rows = {code: (plan, status) for code, plan, status in session.execute(ROWS).fetchall()}
        everybody = there | {code for code, (_, status) in rows.items() if status != "purged"}
        prefixes = Prefixes.read(self.folder, self.vault.systems)
        known_tenants: dict[str, KnownTenant] = {}
        for code in sorted(everybody & set(codes) if codes else everybody, key=lambda code: int(code[1:])):
            plan, status = rows.get(code, ("", ""))
            filed = prefixes.files.get(code, Filed())
            subject = self._subject(code, prefixes)
            known_tenants[code] = KnownTenant(code, filed.plan or plan, status, subject, filed.administrators)
        return known_tenants

    def _subject(self, code: str, prefixes: Prefixes) -> BackupSubject | BackupError:
        try:
            return BackupSubject(code, database_of(code), code, prefixes.of(code), self.buckets)
        except BackupError as error:
            return error

    def chosen(self, names: list[str]) -> list[KnownTenant]:
        """Those named; everybody and the platform's databases without names. Raises BackupError for a stranger."""
        everybody = self.tenants(names) | {
            database.name: KnownTenant(database.name, subject_or_error=database) for database in PLATFORM
        }
        if strangers := [name for name in names if name not in everybody]:
            raise BackupError(
                f"there is no database and no row of {', '.join(strangers)}",
                f"name tenants, or {', '.join(database.name for database in PLATFORM)}",
            )
        return [everybody[name] for name in names] if names else list(everybody.values())


def systems_of(cli: Cli, stack: str, limit_s: float) -> BackupClients:
    """Those of the stack's program; `limit_s`: see BackupClients. Raises BackupError for settings that are missing."""
    settings = given(cli, stack, VARIABLES)
    if missing := [key for key, value in settings.items() if not value]:
        raise BackupError(
            f"the stack `{stack}` does not say which systems it uses: {', '.join(missing)}",
            f"`pulumi config set tenantry:{missing[0]} --stack {stack}` (with --secret for passwords and keys); "
            "for the embedded default: `. .local/env` after `make up`",
        )
    environment = environment_of_program(cli, stack)
    return BackupClients(
        host=settings["databaseHost"],
        port=settings["databasePort"],
        user=settings["databaseUser"],
        password=settings["databasePassword"],
        sslmode=settings["databaseSslmode"],
        access_key=settings["alibabaAccessKey"],
        secret_key=settings["alibabaSecretKey"],
        token=environment.get("ALICLOUD_SECURITY_TOKEN") or None,
        proxy=environment.get("TENANTRY_ALIBABA_PROXY") or None,
        limit_s=limit_s,
    )
