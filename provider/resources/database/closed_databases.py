"""The server's own databases, shut to the tenants' login roles: PostgreSQL lets everybody into them by default.

And what the provisioner's own sessions must bring along on a server that tenants are on: lock_timeout.py.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final, LiteralString

from provider.errors import ResourceFailure, error_context
from provider.resources.base import Inputs, Kind, Resource
from provider.resources.database import lock_timeout
from provider.systems.connections import Connections
from tenantry.names import MAINTENANCE_DATABASE

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

# The administration's own database; template1 takes connections as well.
OPEN: Final = """
SELECT datname FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
WHERE datname = ANY(%s) AND grantee = 0 AND privilege_type = 'CONNECT' ORDER BY 1
"""
# Those that the provisioner may open; on a managed server these belong to the server's administrator.
OURS: Final = "SELECT datname FROM pg_database WHERE datname = ANY(%s) AND pg_has_role(datdba, 'USAGE') ORDER BY 1"


class ClosedDatabases(Resource):
    """CONNECT is taken from PUBLIC; given back, as PostgreSQL's default has it, when this is removed.

    Where another owns these databases, that one has to do it; what is closed already is only looked at.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {"databases": "list"}
    identifying: ClassVar[frozenset[str]] = frozenset()
    computed: ClassVar[frozenset[str]] = frozenset({"drift"})
    sound: ClassVar[Mapping[str, object]] = {"drift": []}

    def identity(self, inputs: Inputs) -> str:
        return "closed-databases"

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from provider.systems.postgresql import explain

        with error_context("closing databases", explain), at.database(MAINTENANCE_DATABASE) as session:
            lock_timeout.give(session)
            session.commit()
            _each(session, "REVOKE CONNECT ON DATABASE {} FROM PUBLIC", _open(session, inputs["databases"]))
            _give_back(session, sorted(set(before.get("databases", [])) - set(inputs["databases"])))
            if still := _open(session, inputs["databases"]):
                raise ResourceFailure(
                    f"everybody may still connect to {', '.join(still)}",
                    f"as the server's administrator run `{_by_hand(session, still)}`, then run again",
                )
        return {**inputs, "drift": []}

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.systems.postgresql import explain

        databases = list(state.get("databases", []))
        with error_context("reading rights", explain), at.database(MAINTENANCE_DATABASE) as session:
            faults = [f"{name} is open to all" for name in _open(session, databases)] + lock_timeout.faults(session)
            return {"databases": databases, "drift": faults}

    def remove(self, at: Connections, state: Inputs) -> None:
        from provider.systems.postgresql import explain

        with error_context("opening databases", explain), at.database(MAINTENANCE_DATABASE) as session:
            _give_back(session, list(state["databases"]))
            lock_timeout.take_away(session)


def _each(session: "Session", statement: LiteralString, databases: list[str]) -> None:
    from psycopg import sql

    for name in databases:
        session.execute(sql.SQL(statement).format(sql.Identifier(name)))


def _give_back(session: "Session", databases: list[str]) -> None:
    ours = [name for (name,) in session.execute(OURS, [databases]).fetchall()]
    _each(session, "GRANT CONNECT ON DATABASE {} TO PUBLIC", ours)


def _by_hand(session: "Session", databases: list[str]) -> str:
    """The provisioner's own sessions begin in one of them, perhaps by what everybody may: so it is let in first."""
    from psycopg import sql

    names = sql.SQL(", ").join(sql.Identifier(name) for name in databases)
    lines = [sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC;").format(names)]
    if MAINTENANCE_DATABASE in databases:
        row = session.execute("SELECT current_user").fetchone()
        both = (sql.Identifier(MAINTENANCE_DATABASE), sql.Identifier(row[0] if row else ""))
        lines.insert(0, sql.SQL("GRANT CONNECT ON DATABASE {} TO {};").format(*both))
    return sql.SQL(" ").join(lines).as_string(session)


def _open(session: "Session", databases: list[str]) -> list[str]:
    return [name for (name,) in session.execute(OPEN, [databases]).fetchall()]
