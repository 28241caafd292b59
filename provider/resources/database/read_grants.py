"""Rights of a login that reads columns by name, and nothing else: the exporter of metrics in the admin database.

A right on a whole table would reach the columns that come later, and those that are about people.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from provider.errors import ResourceFailure, error_context
from provider.resources.base import Inputs, Kind, Resource
from provider.resources.database.correction import Repair
from provider.systems.connections import Connections

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

SCHEMA: Final = "public"
# All that the login holds in this database, by itself: sort, name as PostgreSQL quotes it, column, right.
HELD: Final = """
WITH things (sort, name, part, acl) AS (
    SELECT 'SCHEMA', oid::regnamespace::text, NULL, nspacl FROM pg_namespace
    UNION ALL SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass::text, NULL, relacl
        FROM pg_class
    UNION ALL SELECT 'TABLE', attrelid::regclass::text, attname::text, attacl FROM pg_attribute
    UNION ALL SELECT 'ROUTINE', oid::regprocedure::text, NULL, proacl FROM pg_proc
    UNION ALL SELECT 'TYPE', oid::regtype::text, NULL, typacl FROM pg_type
    UNION ALL SELECT 'LANGUAGE', quote_ident(lanname), NULL, lanacl FROM pg_language
)
SELECT sort, name, part, array_agg(privilege_type || CASE WHEN is_grantable THEN ' to pass on' ELSE '' END
    ORDER BY privilege_type)
FROM things, aclexplode(acl) WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = %s)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
NAMES: Final = "SELECT name, format('%%I.%%I', %s::text, name) FROM unnest(%s::text[]) AS name"
EXISTS: Final = "SELECT FROM pg_roles WHERE rolname = %s"
MISSING_ROLE: Final = "declare its role first, and let this depend on it"

Place = tuple[str, str, str | None]  # sort, name, column


class ReadGrants(Resource):
    """`login` may read `columns` (table -> names) of the database's schema public, and holds nothing else in it.

    Whether it may connect, and what its sessions may do, CloneRights says (`readers`). After the migrations: a column
    has to be there.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {"database": "string", "login": "string", "columns": "object"}
    identifying: ClassVar[frozenset[str]] = frozenset({"database", "login"})
    computed: ClassVar[frozenset[str]] = frozenset({"drift"})
    sound: ClassVar[Mapping[str, object]] = {"drift": []}

    def identity(self, inputs: Inputs) -> str:
        return f"{inputs['database']}/{inputs['login']}"

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from psycopg import sql

        from provider.systems.postgresql import explain

        with error_context("connecting", explain), at.catalogs(inputs["database"]) as session:
            with error_context("reading rights", explain):
                if session.execute(EXISTS, [inputs["login"]]).fetchone() is None:
                    raise ResourceFailure(f"there is no role {inputs['login']}", MISSING_ROLE)
                repairs = list(faults(session, inputs))
            if repairs:
                with error_context(f"giving rights ({len(repairs)} to correct)", explain):
                    session.execute(sql.SQL(";\n").join(repair.statement for repair in repairs))
                    if left := sorted(repair.what for repair in faults(session, inputs)):
                        raise ResourceFailure(
                            f"the provisioner could not correct this: {'; '.join(left)}",
                            "let it act as the role that gave these rights",
                        )
        return {**inputs, "drift": []}

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.systems.postgresql import DatabaseMissing, explain

        database, _, login = identity.partition("/")
        try:
            with error_context("reading rights", explain), at.catalogs(database) as session:
                if session.execute(EXISTS, [login]).fetchone() is None:
                    return None
                inputs = state or {"database": database, "login": login, "columns": _columns(session, login)}
                return {**inputs, "drift": sorted(repair.what for repair in faults(session, inputs))}
        except DatabaseMissing:
            return None

    def remove(self, at: Connections, state: Inputs) -> None:
        """All that it holds goes: a role that holds anything cannot be dropped."""
        from provider.systems.postgresql import DatabaseMissing, explain

        try:
            with error_context("taking rights away", explain), at.catalogs(state["database"]) as session:
                for place in _held(session, state["login"]):
                    session.execute(_revoked(place, state["login"]))
        except DatabaseMissing:
            return


def faults(session: "Session", inputs: Inputs) -> Iterator[Repair]:
    """Rights that the login has too little or too much of. Names come qualified: nothing is on the search path."""
    from psycopg import sql

    login = str(inputs["login"])
    wanted: dict[Place, list[str]] = {("SCHEMA", SCHEMA, None): ["USAGE"]}
    columns: Mapping[str, list[str]] = inputs["columns"]
    for table, quoted in session.execute(NAMES, [SCHEMA, list(columns)]).fetchall():
        wanted |= {("TABLE", quoted, name): ["SELECT"] for name in columns[table]}
    held = _held(session, login)
    for place in sorted(held.keys() | wanted.keys(), key=lambda place: (place[0], place[1], place[2] or "")):
        has, due = held.get(place, []), wanted.get(place, [])
        if has != due:
            statements = [_revoked(place, login)] if has else []
            # What is taken from a table goes from its columns too: those that are due come back.
            again = [other for other in wanted if other[:2] == place[:2] and place[2] is None]
            statements += [
                _granted(other, wanted[other], login) for other in dict.fromkeys([place, *again]) if other in wanted
            ]
            rights = [", ".join(named) or "nothing" for named in (has, due)]
            said = f"{login} holds {rights[0]} on {_words(place)} instead of {rights[1]}"
            together: Any = sql.SQL(";\n").join(statements)
            yield Repair(said, together)


def _held(session: "Session", login: str) -> dict[Place, list[str]]:
    return {(sort, name, part): rights for sort, name, part, rights in session.execute(HELD, [login]).fetchall()}


def _columns(session: "Session", login: str) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    for sort, name, part in _held(session, login):
        if sort == "TABLE" and part is not None:
            columns.setdefault(_unquoted(name.removeprefix(f"{SCHEMA}.")), []).append(part)
    return columns


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _words(place: Place) -> str:
    sort, name, part = place
    return f"{sort.lower()} {name}" + (f" ({part})" if part else "")


def _revoked(place: Place, login: str) -> Any:
    from psycopg import sql

    return sql.SQL("REVOKE ALL{} ON {} {} FROM {} CASCADE").format(_part(place), *_target(place), sql.Identifier(login))


def _granted(place: Place, rights: list[str], login: str) -> Any:
    from psycopg import sql

    listed = sql.SQL(", ").join(sql.SQL(right) + _part(place) for right in rights)  # pyright: ignore[reportArgumentType] (constants of this file)
    return sql.SQL("GRANT {} ON {} {} TO {}").format(listed, *_target(place), sql.Identifier(login))


def _part(place: Place) -> Any:
    from psycopg import sql

    return sql.SQL(" ({})").format(sql.Identifier(place[2])) if place[2] else sql.SQL("")


def _target(place: Place) -> tuple[Any, Any]:
    """Names as PostgreSQL itself quotes them."""
    from psycopg import sql

    return sql.SQL(place[0]), sql.SQL(place[1])  # pyright: ignore[reportArgumentType] (its own words)
