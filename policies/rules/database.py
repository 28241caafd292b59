"""Database: who owns it, who may connect, how often at once, and what it was made from."""

import re
from collections.abc import Iterator
from typing import Final

from policies.facts import plan_figures
from policies.model.resource import Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import SecretValue, boolean, mapping, number, sequence, shown, text
from tenantry.names import ADMIN_DATABASE, EXPORTER_LOGIN, TEMPLATE_DATABASE, database_of

ROLE: Final = "postgresql:Role"
DATABASE: Final = "postgresql:Database"
RIGHTS: Final = "tenantry:CloneRights"
READS: Final = "tenantry:ReadGrants"
# Columns that are about people, or open something: of a login that only reads they are as good as all of it.
PRIVATE: Final = re.compile("name$|phone|email|address|recipient|password|hash|token|settings|permissions|balance")
HARMLESS_NAMES: Final = frozenset({"database_name", "step_name"})
TURN: Final = re.compile("_[ab]$")  # of the two login roles of a database
POWERS: Final = ("superuser", "createDatabase", "createRole", "replication", "bypassRowLevelSecurity")


@resource_rule(
    "database-powers",
    kinds=[ROLE],
    why="Such a role reaches the databases of all tenants.",
    remedy="leave superuser, createDatabase, createRole, replication and bypassRowLevelSecurity out.",
)
def powers(resource: Resource, settings: Settings) -> Iterator[str]:
    """No role is a superuser, makes databases or roles, replicates or passes by row-level security."""
    for power in POWERS:
        if boolean(resource.props.get(power)):
            yield f"it has {power}"


@resource_rule(
    "database-owner",
    kinds=[DATABASE, RIGHTS],
    why="An owner reads and drops everything in its database.",
    remedy="make the role of the database's own name its owner.",
)
def owner(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's database belongs to the role of its own name."""
    name = text(resource.props.get("name" if resource.kind == DATABASE else "database"))
    if resource.code and text(resource.props.get("owner")) != name:
        yield f"the owner of {name} is {shown(resource.props.get('owner'))}"


@resource_rule(
    "database-owner-login",
    kinds=[ROLE],
    why="The owner's password would never rotate without a gap, and it could give the database away.",
    remedy="declare the owner with login=False, and log in as one of its two login roles.",
)
def owner_login(resource: Resource, settings: Settings) -> Iterator[str]:
    """Nobody logs in as an owner role, and it is a member of no other role."""
    if resource.code and text(resource.props.get("name")) == database_of(resource.code):
        if boolean(resource.props.get("login")) is not False:
            yield "the owner may log in"
        if sequence(resource.props.get("roles")):
            yield "the owner is a member of other roles"


@resource_rule(
    "database-membership",
    kinds=[ROLE, "postgresql:GrantRole"],
    why="Membership in a neighbour's role is access to the neighbour's data.",
    remedy="give a login role exactly one membership: its own tenant's owner role.",
)
def membership(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's login role is a member of its own owner role and of no other, the platform's of none but theirs."""
    if resource.code is None:
        yield from _strange(resource)
        return
    own = database_of(resource.code)
    if resource.kind == ROLE:
        if text(resource.props.get("name")) != own:
            roles = [text(role) for role in sequence(resource.props.get("roles"))]
            if roles != [own]:
                yield f"it is a member of {', '.join(roles) or 'no role'} instead of {own}"
    elif text(resource.props.get("grantRole")) != own:
        yield f"it is given membership in {shown(resource.props.get('grantRole'))}"


def _strange(resource: Resource) -> Iterator[str]:
    """The platform's login roles are called after their owner role, as the tenants' are."""
    own = TURN.sub("", text(resource.props.get("name")))
    strange = sorted({text(role) for role in sequence(resource.props.get("roles"))} - {own})
    if strange:
        yield f"it is a member of {', '.join(strange)}"


@resource_rule(
    "database-rows",
    kinds=[ROLE, RIGHTS],
    why="The provisioner writes rows there: whoever owns their triggers becomes the provisioner at the next run.",
    remedy='give the admin database\'s logins no membership, and its CloneRights rights="rows".',
)
def admin_rows(resource: Resource, settings: Settings) -> Iterator[str]:
    """The admin database's logins read and write rows: they are members of nothing, and own nothing."""
    logins = {f"{ADMIN_DATABASE}_{suffix}" for suffix in "ab"}
    roles = [text(role) for role in sequence(resource.props.get("roles"))]
    if resource.kind == ROLE and text(resource.props.get("name")) in logins and roles:
        yield f"it is a member of {', '.join(roles)}"
    writes_rows = text(resource.props.get("rights")) == "rows"
    if resource.kind == RIGHTS and text(resource.props.get("database")) == ADMIN_DATABASE and not writes_rows:
        yield "its logins act as the owner"


@resource_rule(
    "database-reader",
    kinds=[RIGHTS, READS],
    why="What the exporter's pod may read, whoever gets into it reads: of all tenants.",
    remedy=f"let it read {ADMIN_DATABASE} alone, by columns that are about nobody: tenantry/watch/read_columns.py.",
)
def readers(resource: Resource, settings: Settings) -> Iterator[str]:
    """Logins that only read are the exporter's, in the admin database, and see no column about people."""
    if resource.kind == RIGHTS:
        strange = {text(login) for login in sequence(resource.props.get("readers"))} - {EXPORTER_LOGIN}
        if resource.code is not None or text(resource.props.get("database")) != ADMIN_DATABASE:
            strange |= {text(login) for login in sequence(resource.props.get("readers"))}
        if strange:
            yield f"it lets in {', '.join(sorted(strange))}"
        return
    if text(resource.props.get("database")) != ADMIN_DATABASE or text(resource.props.get("login")) != EXPORTER_LOGIN:
        yield f"{shown(resource.props.get('login'))} reads {shown(resource.props.get('database'))}"
    for table, columns in mapping(resource.props.get("columns")).items():
        for column in map(text, sequence(columns)):
            if column not in HARMLESS_NAMES and PRIVATE.search(column):
                yield f"it reads {column} of {table}"


@resource_rule(
    "database-password",
    kinds=[ROLE],
    why="A role with a password of no characters, or with one kept in clear on the server, is anybody's.",
    remedy="set password from a RandomPassword, and leave encryptedPassword out.",
)
def password(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's login role has no empty password, and the server keeps a hash of it."""
    if resource.code is None or text(resource.props.get("name")) == database_of(resource.code):
        return
    # None at all lets nobody in: PostgreSQL refuses every password then. The engine drops one that comes from a
    # resource that failed, and a violation here would end the run of all tenants.
    value = resource.first("password", "passwordWo")
    if value is not None and not isinstance(value, SecretValue) and not text(value):
        yield "its password is empty"
    if boolean(resource.props.get("encryptedPassword")) is False:
        yield "its password is kept in clear"


@resource_rule(
    "database-connections",
    kinds=[DATABASE, ROLE],
    why="Without it one tenant takes all connections of the server; the database's own limit is its owner's to lift.",
    remedy="set connection_limit to what the tenant's plan gives in the stack's plans.yaml.",
)
def connections(resource: Resource, settings: Settings) -> Iterator[str]:
    """Databases and logins take a limited number of connections, a tenant's exactly as many as a plan gives."""
    if resource.kind == ROLE and boolean(resource.props.get("login")) is False:
        return
    limit = number(resource.props.get("connectionLimit"))
    if limit is None or limit < 0:
        yield "its connections are unlimited"
    elif resource.code and limit not in {plan.connections for plan in plan_figures.plans().values()}:
        yield f"it takes {shown(limit)} connections, which no plan gives"


@resource_rule(
    "database-template",
    kinds=[DATABASE],
    why="A clone of anything else may bring another tenant's data; lc_* of DEFAULT drops the database at the next run.",
    remedy=f"clone {TEMPLATE_DATABASE}, leave lc_collate, lc_ctype and is_template out.",
)
def template(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's database is a clone of the template, and no template itself."""
    if (
        text(resource.props.get("name")) == TEMPLATE_DATABASE
        and boolean(resource.props.get("allowConnections")) is not False
    ):
        yield "the template takes connections"
    if resource.code is None:
        return
    if text(resource.props.get("template")) != TEMPLATE_DATABASE:
        yield f"it is made from {shown(resource.props.get('template'))}"
    if boolean(resource.props.get("isTemplate")):
        yield "others may clone it"
    for setting in ("lcCollate", "lcCtype"):
        if text(resource.props.get(setting)) == "DEFAULT":
            yield f"{setting} is DEFAULT"


@resource_rule(
    "database-public",
    kinds=["postgresql:Grant", "postgresql:DefaultPrivileges"],
    why="PUBLIC is every role of the server, those of all other tenants included.",
    remedy="grant to the tenant's own owner role, or nothing at all.",
)
def public(resource: Resource, settings: Settings) -> Iterator[str]:
    """Nothing is granted to PUBLIC."""
    if text(resource.props.get("role")).lower() == "public" and sequence(resource.props.get("privileges")):
        yield "it grants to PUBLIC"


@resource_rule(
    "database-grant",
    kinds=["postgresql:Grant", "postgresql:DefaultPrivileges", "postgresql:Schema"],
    why="A right in one tenant's database for another's role is the hole itself.",
    remedy="grant only between a tenant's own roles and its own database, without grant option.",
)
def grant(resource: Resource, settings: Settings) -> Iterator[str]:
    """In a tenant's database only its own roles have rights, and cannot pass them on."""
    if resource.code is None:
        return
    own = {database_of(resource.code), *(f"{database_of(resource.code)}_{suffix}" for suffix in "ab")}
    for key in ("database", "role", "owner"):
        value = text(resource.props.get(key))
        if value and value.lower() != "public" and value not in own:
            yield f"its {key} is {value}"
    if boolean(resource.props.get("withGrantOption")):
        yield "it may be passed on"


@resource_rule(
    "database-extension",
    kinds=["postgresql:Extension"],
    why="Extensions such as dblink, postgres_fdw and file_fdw, and untrusted languages, leave the database.",
    remedy="leave it out, or add it to `extensions` of this policy once it is known to stay inside.",
)
def extension(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's database has only extensions that stay inside it."""
    if resource.code and text(resource.props.get("name")) not in settings.texts("extensions"):
        yield f"{shown(resource.props.get('name'))} is not among the extensions that are allowed"


@resource_rule(
    "database-rights",
    kinds=[RIGHTS],
    why="A clone inherits no revoke and no time limit; these are what closes it.",
    remedy="give CloneRights the tenant's two login roles and both time limits in seconds.",
)
def rights(resource: Resource, settings: Settings) -> Iterator[str]:
    """The rights of a tenant's clone name its two login roles, and a time limit for statements and idle sessions."""
    if resource.code is None:
        return
    own = database_of(resource.code)
    logins = [text(login) for login in sequence(resource.props.get("logins"))]
    if sorted(logins) != [f"{own}_a", f"{own}_b"]:
        yield f"it lets in {', '.join(logins) or 'nobody'}"
    for limit in ("statementTimeout", "idleTimeout"):
        if not (number(resource.props.get(limit)) or 0) > 0:
            yield f"{limit} is no number of seconds"


@resource_rule(
    "database-tls",
    kinds=["kubernetes:ConfigMap"],
    why="Unencrypted, passwords and children's data cross the network in clear; unchecked, anybody may be the server.",
    remedy="set tenantry:databaseSslmode to verify-full and tenantry:databaseCa to the server's certificates (PEM).",
)
def tls(resource: Resource, settings: Settings) -> Iterator[str]:
    """Tenants' applications check the server's certificate, by one that they are given, where tenants are real."""
    data = mapping(resource.props.get("data"))
    if resource.code is None or not settings.flag("tls") or "DB_HOST" not in data:
        return
    if text(data.get("DB_SSLMODE")) != "verify-full":
        yield f"its DB_SSLMODE is {shown(data.get('DB_SSLMODE'))}"
    if not text(data.get("DB_SSLROOTCERT")) or "-----BEGIN CERTIFICATE-----" not in text(data.get("DB_CA")):
        yield "it is given no certificates to check the server's against"


@stack_rule(
    "database-closed",
    why="A clone takes connections from every role of the server until that is revoked.",
    remedy="declare CloneRights for it, as components/parts/database.py does.",
)
def closed(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """Every database of a tenant has its CloneRights."""
    covered = {text(resource.props.get("database")) for resource in stack.of(RIGHTS)}
    for code in stack.tenants:
        for database in stack.parts(code, DATABASE):
            if text(database.props.get("name")) not in covered:
                yield Violation(code, "nothing closes it to PUBLIC", database)


@stack_rule(
    "database-plan",
    why="A limit above the plan takes from the neighbours what they pay for, one below it fails the tenant's pools.",
    remedy="take connection_limit from the tenant's plan.",
)
def plan(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """The connections of each tenant's database and logins are those of its plan."""
    for code in stack.tenants:
        name = stack.plan_of(code)
        given = plan_figures.plans().get(name or "")
        for resource in stack.parts(code, DATABASE, ROLE):
            limit = number(resource.props.get("connectionLimit"))
            limited = resource.kind == DATABASE or boolean(resource.props.get("login")) is not False
            if given is not None and limited and limit != given.connections:
                problem = f"it takes {shown(limit)} connections, plan {name} gives {shown(given.connections)}"
                yield Violation(code, problem, resource)


@stack_rule(
    "database-shared",
    why="Two declarations of one name are one thing with two owners.",
    remedy="leave the name to the tenant whose code it holds.",
)
def shared(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """No database or role is declared twice."""
    seen: dict[tuple[str, str], Resource] = {}
    for resource in stack.of(DATABASE, ROLE):
        first = seen.setdefault((resource.kind, text(resource.props.get("name"))), resource)
        if first is not resource:
            yield Violation(resource.code or "platform", f"{first.name} declares the same name", resource)
