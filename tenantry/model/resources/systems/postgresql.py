"""PostgreSQL: a database with an owner and two logins for each tenant."""

from typing import Final

from tenantry.model.resources.facts import (
    ACCESS,
    DATA,
    DATABASE,
    ISOLATION,
    LIMIT,
    PLATFORMS,
    TENANTS,
    Control,
    DriftGravity,
    ResourceKind,
)

_SYSTEM: Final = "PostgreSQL"
_PROPERTIES: Final = {
    "login": ACCESS,
    "password": ACCESS,
    "validUntil": ACCESS,
    "searchPaths": ACCESS,
    "connectionLimit": LIMIT,
    "statementTimeout": LIMIT,
    "idleInTransactionSessionTimeout": LIMIT,
}
KINDS: Final = {
    "postgresql:index:Role": ResourceKind(
        TENANTS | PLATFORMS,
        claims={"name": DATABASE},
        ids=("{name}",),
        has_connection_limit=True,
        drift=DriftGravity(ACCESS, ISOLATION, _PROPERTIES),
    ),
    "postgresql:index:Database": ResourceKind(
        TENANTS | PLATFORMS,
        claims={"name": DATABASE, "owner": DATABASE},
        holds_data=True,
        ids=("{name}",),
        has_connection_limit=True,
        drift=DriftGravity(
            DATA,
            DATA,
            {"connectionLimit": LIMIT, "owner": ISOLATION, "allowConnections": ACCESS, "isTemplate": ACCESS},
        ),
    ),
    "postgresql:index:Grant": ResourceKind(
        claims={"database": DATABASE, "role": DATABASE}, drift=DriftGravity(ACCESS, ISOLATION)
    ),
    "postgresql:index:GrantRole": ResourceKind(claims={"role": DATABASE, "grantRole": DATABASE}),
    "postgresql:index:DefaultPrivileges": ResourceKind(
        claims={"database": DATABASE, "role": DATABASE, "owner": DATABASE}, drift=DriftGravity(ACCESS, ISOLATION)
    ),
    "postgresql:index:Extension": ResourceKind(claims={"database": DATABASE}),
    "postgresql:index:Schema": ResourceKind(claims={"database": DATABASE, "owner": DATABASE}),
}
CONTROLS: Final = (
    Control(
        _SYSTEM,
        "own database, closed to PUBLIC",
        live="CONNECT revoked on every clone and every shared database",
        rules="database-public database-closed database-rights database-grant database-shared",
        attacks="database.connect database.shared database.rights database.alter-other database.grant-other",
    ),
    Control(
        _SYSTEM,
        "all in it belongs to its owner",
        live="CloneRights gives whatever has an owner; `tenantry up --refresh` again",
        attacks="database.owners",
    ),
    Control(
        _SYSTEM,
        "the record of migrations is the platform's",
        live="a schema of the provisioner's, no right for anybody else; CloneRights takes others'",
        attacks="database.record",
    ),
    Control(
        _SYSTEM,
        "own roles, powerless, member of their owner alone",
        live="roles without attributes; no membership elsewhere",
        rules="database-powers database-membership database-owner database-owner-login database-rows",
        attacks="database.powers database.set-* database.grant-role database.alter-role database.create-role "
        "database.language database.settings database.program database.files database.signal database.copy "
        "database.outward database.server",
    ),
    Control(
        _SYSTEM,
        "own password, secret and rotated",
        live="SCRAM passwords of 381 bits",
        rules="database-password",
        attacks="database.password database.secrets database.activity database.shut database.login",
    ),
    Control(
        _SYSTEM,
        "encrypted and checked connections",
        live="DB_SSLMODE=verify-full with the server's certificates",
        rules="database-tls",
    ),
    Control(
        _SYSTEM,
        "connection limit and timeouts",
        live="limit of database and login, statement_timeout",
        rules="database-connections database-plan totals-connections",
        attacks="database.limits database.own-limit database.unbound",
    ),
    Control(
        _SYSTEM,
        "temporary files as the plan gives",
        live="temp_file_limit of each login, which is not its to change",
        attacks="database.temp-files",
    ),
    Control(
        _SYSTEM,
        "a history that nobody rewrites",
        live="rights on its tables; triggers that refuse every change for three years",
        attacks="database.history",
    ),
    Control(
        _SYSTEM,
        "trusted extensions only, closed template",
        live="no superuser makes them",
        rules="database-extension database-template",
        attacks="database.extensions",
    ),
)
