"""The databases of one schema, in the order in which a change reaches them."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.database.onboarding_steps import DATABASE
from tenantry.engine.clients.postgresql import DatabaseUnavailable, Server
from tenantry.names import ADMIN_DATABASE, MAINTENANCE_DATABASE, TEMPLATE_DATABASE, TEST_DATABASE

if TYPE_CHECKING:
    from tenantry.engine.clients.postgresql import Session

TEMPLATE, TEST = "template", "test site"

# Also those that are suspended or being deleted: whoever comes back must find a schema that fits the application.
TENANTS: Final = """
SELECT tenants.tenant_id, database_name, coalesce(steps.status, 'completed') = 'completed'
FROM tenants JOIN pg_database ON datname = database_name AND datallowconn
    LEFT JOIN tenant_init_steps AS steps ON steps.tenant_id = tenants.tenant_id AND steps.step_name = %s
WHERE tenants.status <> 'purged' ORDER BY length(tenants.tenant_id), tenants.tenant_id
"""
EXISTS: Final = "SELECT FROM pg_database WHERE datname = %s"
IS_OPEN: Final = "SELECT datallowconn FROM pg_database WHERE datname = %s"


@dataclass(frozen=True, slots=True)
class MigrationTarget:
    """One database. `is_whole`: its rights are its owner's by now, so that its owner can change it."""

    label: str  # the tenant's code, or what it is
    database: str
    is_whole: bool = True

    @property
    def tenant(self) -> str | None:
        return None if self.label in (TEMPLATE, TEST) else self.label


def shared(server: Server) -> list[MigrationTarget]:
    """The databases that come before the tenants'. Raises DatabaseUnavailable without a template."""
    with server.session(MAINTENANCE_DATABASE) as session:
        targets = [
            site
            for site in (MigrationTarget(TEMPLATE, TEMPLATE_DATABASE), MigrationTarget(TEST, TEST_DATABASE))
            if _exists(session, site)
        ]
    if not targets or targets[0].label != TEMPLATE:
        raise DatabaseUnavailable(f"there is no template {TEMPLATE_DATABASE} on {server.host}:{server.port}")
    return targets


def tenants(server: Server) -> list[MigrationTarget]:
    """By code; none before there is a platform."""
    with server.session(MAINTENANCE_DATABASE) as session:
        if session.execute(EXISTS, [ADMIN_DATABASE]).fetchone() is None:
            return []
    with server.session(ADMIN_DATABASE) as session:
        return [
            MigrationTarget(code, database, bool(whole))
            for code, database, whole in session.execute(TENANTS, [DATABASE])
        ]


@contextmanager
def connect(server: Server, site: MigrationTarget) -> "Generator[Session, None, None]":
    """A session in it, with its owner's rights. The template is opened for it and closed again, also where a killed run
    had left it open."""
    if site.label != TEMPLATE:
        with server.as_owner(site.database) as session:
            yield session
        return
    _let_in(server, site, True)
    try:
        with server.session(site.database) as session:
            yield session
    finally:
        _let_in(server, site, False)


def is_open(server: Server) -> bool:
    """Tells whether the template takes connections: left so by a run that was killed; the next one closes it."""
    with server.session(MAINTENANCE_DATABASE) as session:
        row = session.execute(IS_OPEN, [TEMPLATE_DATABASE]).fetchone()
        return row is not None and bool(row[0])


def _let_in(server: Server, site: MigrationTarget, allowed: bool) -> None:
    from psycopg import sql

    statement = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
    with server.session(MAINTENANCE_DATABASE) as session:
        session.execute(statement.format(sql.Identifier(site.database), sql.Literal(allowed)))


def _exists(session: "Session", site: MigrationTarget) -> bool:
    return session.execute(EXISTS, [site.database]).fetchone() is not None
