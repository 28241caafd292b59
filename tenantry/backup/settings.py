"""A stack's names and addresses for the commands, and whom its admin database knows."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenantry.backup.failing import BackupError, explained
from tenantry.backup.records import Records
from tenantry.backup.systems import BucketPlace, Systems
from tenantry.backup.take import Subject, Vault
from tenantry.engine.alibaba import VARIABLES as ALIBABA_VARIABLES
from tenantry.engine.cli import Cli
from tenantry.engine.configuration import environment_of_program, given
from tenantry.engine.database import VARIABLES as DATABASE_VARIABLES
from tenantry.engine.project import Project
from tenantry.names import ADMIN_DATABASE, TEMPLATE_DATABASE, names_of

KNOWN = "SELECT tenant_id, database_name, contact_phone, plan_type, status FROM tenants WHERE status <> 'purged'"
PLATFORM = (Subject(TEMPLATE_DATABASE, TEMPLATE_DATABASE, is_template=True), Subject(ADMIN_DATABASE, ADMIN_DATABASE))

VARIABLES = {**DATABASE_VARIABLES, **ALIBABA_VARIABLES}


@dataclass(frozen=True, slots=True)
class Known:
    """A tenant that the admin database has, with the plan whose retention it is kept by."""

    subject: Subject
    plan: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    vault: Vault
    buckets: tuple[BucketPlace, ...]  # of the tenants

    @classmethod
    def of(cls, project: Project, stack: str, environment: Mapping[str, str]) -> "Stack":
        """Raises BackupError where the stack does not say what it uses; Refusal where it cannot be read."""

        def place(name: str) -> BucketPlace:
            bucket, region = (project.setting(stack, f"{name}{what}") for what in ("Bucket", "Region"))
            if not bucket or not region:
                raise BackupError(f"tenantry:{name}Bucket or {name}Region is not set", "see Pulumi.yaml")
            return BucketPlace(bucket, region)

        systems = systems_of(Cli(project.root, environment, ""), stack)
        vault = Vault(systems, place("backup"), Records(systems, ADMIN_DATABASE))
        return cls(vault, (place("photo"), place("system")))

    def tenants(self) -> dict[str, Known]:
        """Code -> tenant: everybody who has a database, whatever the files say."""
        with explained("asking the admin database"), self.vault.systems.session(self.vault.records.database) as session:
            rows = session.execute(KNOWN).fetchall()
        found = [
            Known(Subject(code, database, code, names_of(code, phone).prefix, self.buckets), plan, status)
            for code, database, phone, plan, status in rows
        ]
        return {one.subject.name: one for one in sorted(found, key=lambda one: int(one.subject.name[1:]))}

    def chosen(self, names: list[str]) -> list[Known]:
        """Those named; everybody and the platform's databases without names. Raises BackupError for a stranger."""
        everybody = self.tenants() | {one.name: Known(one, "") for one in PLATFORM}
        if strangers := [name for name in names if name not in everybody]:
            raise BackupError(
                f"the admin database knows no {', '.join(strangers)}",
                f"name tenants, or {', '.join(map(str, _others()))}",
            )
        return [everybody[name] for name in names] if names else list(everybody.values())


def systems_of(cli: Cli, stack: str) -> Systems:
    """Those of the stack's program. Raises BackupError for settings that are missing."""
    found = given(cli, stack, VARIABLES)
    if missing := [key for key, value in found.items() if not value]:
        raise BackupError(
            f"the stack `{stack}` does not say which systems it uses: {', '.join(missing)}",
            f"`pulumi config set tenantry:{missing[0]} --stack {stack}` (with --secret for passwords and keys); "
            "for the embedded default: `. .local/env` after `make up`",
        )
    environment = environment_of_program(cli, stack)
    return Systems(
        host=found["databaseHost"],
        port=found["databasePort"],
        user=found["databaseUser"],
        password=found["databasePassword"],
        sslmode=found["databaseSslmode"],
        access_key=found["alibabaAccessKey"],
        secret_key=found["alibabaSecretKey"],
        token=environment.get("ALICLOUD_SECURITY_TOKEN") or None,
        proxy=environment.get("TENANTRY_ALIBABA_PROXY") or None,
    )


def _others() -> list[str]:
    return [one.name for one in PLATFORM]
