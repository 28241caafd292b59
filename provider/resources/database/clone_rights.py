"""Settings that a cloned database does not inherit: who may connect, who owns what, and the roles' settings in it."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from provider.errors import ResourceFailure, error_context
from provider.resources import record_rights
from provider.resources.base import Inputs, Kind, Resource
from provider.resources.database import (
    database_options,
    hidden_rows,
    login_passwords,
    membership,
    owners,
    row_grants,
    strangers,
    temp_files,
)
from provider.resources.database.correction import Repair
from provider.resources.onboarding import Onboarding
from provider.systems.connections import Connections
from tenantry.database.onboarding_steps import DATABASE
from tenantry.database.owner_login import PLATFORM_SUFFIXES
from tenantry.names import MAINTENANCE_DATABASE
from tenantry.parsing.faults import printable

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

GRANTS: Final = """
SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, grantee = 0, array_agg(privilege_type)
FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
WHERE datname = %s AND grantee <> datdba GROUP BY grantee
"""
SETTINGS: Final = """
SELECT pg_get_userbyid(setrole), setconfig FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
WHERE datname = current_database() AND setrole <> 0
"""
# Those that meet every session in it, and what its roles have given themselves everywhere: neither is ever ours.
OTHER_SETTINGS: Final = """
SELECT pg_get_userbyid(nullif(setrole, 0)), datname, setconfig
FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase
WHERE CASE setrole WHEN 0 THEN datname = current_database()
    ELSE pg_get_userbyid(setrole) = ANY(%s) AND datname IS DISTINCT FROM current_database() END
ORDER BY 1, 2
"""
PUBLIC_SCHEMA: Final = """
SELECT array_agg(privilege_type) FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
WHERE nspname = 'public' AND grantee = 0
"""
LOGIN_RIGHTS: Final = {"CONNECT", "TEMPORARY"}
READER_RIGHTS: Final = {"CONNECT"}
READS_ONLY: Final = "default_transaction_read_only"  # it may lift that itself: what it may write is nothing anyway
OWNERS, ROWS = "owner", "rows"  # what the logins have in it: all that its owner has, or its rows
INSUFFICIENT_PRIVILEGE: Final = (
    "let it act as the role that owns these or that gave these rights, or use a more powerful one"
)


class CloneRights(Resource):
    """Rights are given once more to the owner and the login roles, and taken from everybody else.

    Login roles act as the owner, or with `rights: rows` read and write rows and are not members of it. `readers` are
    logins that may connect, in sessions that write nothing; what they read ReadGrants says. The `passwords` of all
    (login -> password) are set again where the server calls them wrong.
    One list of differences serves both ways: an update makes them go, a refresh tells them as `drift`. With them a
    tenant's database is its own: the step of that name ends here.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {
        "database": "string",
        "owner": "string",
        "logins": "list",
        "statementTimeout": "number",
        "idleTimeout": "number",
        "connectionLimit": "number",
        "tempFileLimit": "number",  # kB, of one session of a login
        "rights": "string",
        "readers": "list",
        "passwords": "object",
        "opening": "object",
    }
    optional: ClassVar[frozenset[str]] = frozenset(
        {"connectionLimit", "tempFileLimit", "rights", "readers", "passwords", "opening"}
    )
    identifying: ClassVar[frozenset[str]] = frozenset({"database"})
    computed: ClassVar[frozenset[str]] = frozenset({"drift"})
    sound: ClassVar[Mapping[str, object]] = {"drift": []}

    def identity(self, inputs: Inputs) -> str:
        return str(inputs["database"])

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        if inputs.get("rights", OWNERS) not in (OWNERS, ROWS):
            raise ResourceFailure(f"rights: {inputs['rights']} is none", f"write {OWNERS} or {ROWS}, or leave it out")
        with Onboarding.of(at, inputs).step(DATABASE):
            self._give(at, inputs)
        return {**inputs, "drift": []}

    def _give(self, at: Connections, inputs: Inputs) -> None:
        from provider.systems.postgresql import explain

        owner, database = inputs["owner"], inputs["database"]
        with error_context("connecting", explain), at.catalogs(MAINTENANCE_DATABASE) as outside:
            # A new database is closed until everybody else's right to connect is gone: components/parts/database.py.
            database_options.facts(outside, database)
            _correct(outside, lambda: membership.faults(outside, owner))
            _correct(outside, lambda: _grants(outside, inputs))
            _correct(outside, lambda: _doors(outside, inputs))
            outside.commit()
            _correct(outside, lambda: login_passwords.faults(at, outside, inputs), is_seen_outside=True)
            with error_context("ending the sessions of others", explain):
                strangers.end(outside, database)
        with error_context("connecting", explain), at.catalogs(inputs["database"]) as session:
            with error_context("limiting temporary files", explain):
                temp_files.refuse_unlimited(session, inputs)
            _correct(session, lambda: repairs(session, inputs))

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        """A database that lets nobody in, as it must not, is told by that alone: what is in it comes next time."""
        import psycopg

        from provider.systems.postgresql import DatabaseMissing, explain

        shut, passwords = list[str](), list[str]()
        with error_context("reading rights", explain):
            try:
                with at.catalogs(MAINTENANCE_DATABASE) as outside:
                    limit = database_options.facts(outside, identity)[2]
                    shut = sorted(repair.what for repair in _doors(outside, {"database": identity, **state}))
                    shut += strangers.faults(outside, identity)
                    if state:
                        passwords = [repair.what for repair in login_passwords.faults(at, outside, state)]
                with at.catalogs(identity) as session:
                    inputs = state or {**_imported(session, identity), "connectionLimit": limit}
                    inside = [repair.what for repair in repairs(session, inputs)]
                    unlimited = temp_files.unlimited(session, inputs)
                    drift = map(printable, [*shut, *passwords, *unlimited, *inside])
                    return {**inputs, "drift": sorted(drift)}
            except DatabaseMissing:
                return None
            except psycopg.OperationalError:
                if not (state and shut):
                    raise
                return {**state, "drift": sorted(shut + passwords)}

    def remove(self, at: Connections, state: Inputs) -> None:
        """The logins' own rights go: PUBLIC gets nothing back, and owners stay. (Who is in the owner role has its.)"""
        from psycopg import sql

        from provider.systems.postgresql import DatabaseMissing, explain

        try:
            with error_context("taking rights away", explain), at.catalogs(state["database"]) as session:
                held = {name for name, _, _ in session.execute(GRANTS, [state["database"]]).fetchall()}
                database = sql.Identifier(state["database"])
                for login in held.intersection(_all_logins(state)):
                    session.execute(
                        sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, sql.Identifier(login))
                    )
                for taking in row_grants.takings(session, state["owner"], state["logins"]):
                    session.execute(taking.statement)
        except DatabaseMissing:
            return


def _correct(session: "Session", repairs: Callable[[], Iterator[Repair]], *, is_seen_outside: bool = False) -> None:
    """`is_seen_outside`: what was corrected is looked at over another session, so it is committed before."""
    from psycopg import sql

    from provider.systems.postgresql import explain

    with error_context("reading rights", explain):
        problem = list(repairs())
    if problem:
        with error_context(f"giving rights ({len(problem)} to correct)", explain):
            session.execute(sql.SQL(";\n").join(repair.statement for repair in problem))
            if is_seen_outside:
                session.commit()
            # Rights that are not ours to take are left with a mere warning.
            if left := sorted(repair.what for repair in repairs()):
                raise ResourceFailure(
                    f"the provisioner could not correct this: {printable('; '.join(left))}", INSUFFICIENT_PRIVILEGE
                )


def _doors(outside: "Session", inputs: Inputs) -> Iterator[Repair]:
    if owner := inputs.get("owner"):
        yield from membership.faults(outside, owner)
    yield from database_options.faults(outside, inputs["database"], inputs.get("connectionLimit"))


def repairs(session: "Session", inputs: Inputs) -> Iterator[Repair]:
    yield from _owner(session, inputs)
    yield from _grants(session, inputs)
    yield from _settings(session, inputs)
    yield from _other_settings(session, inputs)
    yield from _public_schema(session)
    yield from record_rights.faults(session, inputs["owner"])
    yield from owners.faults(session, inputs["owner"])
    yield from hidden_rows.faults(session)
    if inputs.get("rights") == ROWS:
        yield from row_grants.faults(session, inputs["owner"], inputs["logins"])


def _owner(session: "Session", inputs: Inputs) -> Iterator[Repair]:
    from psycopg import sql

    row = session.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    if row and row[0] != inputs["owner"]:
        statement = sql.SQL("ALTER DATABASE {} OWNER TO {}")
        yield Repair(
            f"database belongs to {row[0]}",
            statement.format(sql.Identifier(inputs["database"]), sql.Identifier(inputs["owner"])),
        )


def _all_logins(inputs: Inputs) -> list[str]:
    """Those that may connect: the two that take turns, and who only reads."""
    return [*inputs["logins"], *(inputs.get("readers") or ())]


def _grants(session: "Session", inputs: Inputs) -> Iterator[Repair]:
    from psycopg import sql

    database, readers = sql.Identifier(inputs["database"]), set[str](inputs.get("readers") or ())
    due = {name: READER_RIGHTS if name in readers else LOGIN_RIGHTS for name in _all_logins(inputs)}
    # The platform's own, while they work: of one whose owner has taken its own right to connect (owner_login.py).
    platform = {f"{inputs['owner']}{suffix}" for suffix in PLATFORM_SUFFIXES}
    held = dict[str, set[str]]()
    for name, public, rights in session.execute(GRANTS, [inputs["database"]]).fetchall():
        if name in due and due[name].issuperset(rights):
            held[name] = set(rights)
        elif name != inputs["owner"] and name not in platform:
            grantee = sql.SQL("PUBLIC") if public else sql.Identifier(name)
            yield Repair(
                f"{name} holds {', '.join(sorted(rights))}",
                sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, grantee),
            )
    for login, rights in sorted(due.items()):
        if held.get(login) != rights:
            listed = sql.SQL(", ").join(sql.SQL(right) for right in sorted(rights))  # pyright: ignore[reportArgumentType] (constants)
            yield Repair(
                f"{login} may not connect",
                sql.SQL("GRANT {} ON DATABASE {} TO {}").format(listed, database, sql.Identifier(login)),
            )


def _settings(session: "Session", inputs: Inputs) -> Iterator[Repair]:
    """A session of a login role acts as the owner from its start (if it may), and cannot run or idle without end, nor
    fill the server's disk."""
    from psycopg import sql

    acting = {} if inputs.get("rights") == ROWS else {"role": str(inputs["owner"])}
    timeouts = {
        "statement_timeout": f"{inputs['statementTimeout']}s",
        "idle_in_transaction_session_timeout": f"{inputs['idleTimeout']}s",
    }
    wanted = {**acting, **timeouts, **temp_files.wanted(session, inputs)}
    due = dict.fromkeys(inputs["logins"], wanted)
    reading = {**timeouts, READS_ONLY: "on"}
    due |= dict.fromkeys(inputs.get("readers") or (), reading)
    current: dict[str, dict[str, str]] = {
        role: temp_files.ours(inputs, wanted, dict(entry.split("=", 1) for entry in settings))
        for role, settings in session.execute(SETTINGS).fetchall()
    }
    database = sql.Identifier(inputs["database"])
    for role in sorted(set(current).union(due)):
        prefix = sql.SQL("ALTER ROLE {} IN DATABASE {} ").format(sql.Identifier(role), database)
        kept = {
            name: prefix + sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            for name, value in due.get(role, {}).items()
        }
        if extra := sorted(set(current.get(role, {})) - set(kept)):
            # All at once: some of a transaction's settings cannot be reset by name.
            again = sql.SQL(";\n").join([prefix + sql.SQL("RESET ALL"), *kept.values()])
            yield Repair(f"{role} has a setting {', '.join(extra)}", again)
        for name, statement in kept.items():
            if current.get(role, {}).get(name) != due[role][name]:
                yield Repair(f"{role} lacks its setting {name}", statement)


def _other_settings(session: "Session", inputs: Inputs) -> Iterator[Repair]:
    from psycopg import sql

    for role, database, settings in session.execute(
        OTHER_SETTINGS, [[inputs["owner"], *_all_logins(inputs)]]
    ).fetchall():
        names = ", ".join(sorted(setting.partition("=")[0] for setting in settings))
        if role is None:
            what, target = "the database", sql.SQL("DATABASE {}").format(sql.Identifier(database))
        else:
            what, target = role, sql.SQL("ROLE {}").format(sql.Identifier(role))
            if database is not None:
                what, target = (
                    f"{role} in {database}",
                    target + sql.SQL(" IN DATABASE {}").format(sql.Identifier(database)),
                )
        yield Repair(f"{what} has settings of its own: {names}", sql.SQL("ALTER {} RESET ALL").format(target))


def _public_schema(session: "Session") -> Iterator[Repair]:
    from psycopg import sql

    row = session.execute(PUBLIC_SCHEMA).fetchone()
    if row and row[0]:
        yield Repair(
            f"PUBLIC holds {', '.join(sorted(row[0]))} on schema public",
            sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC").format(),
        )


def _imported(session: "Session", database: str) -> Inputs:
    """The inputs that would have led to what is there."""
    row = session.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    settings = {role: dict(entry.split("=", 1) for entry in entries) for role, entries in session.execute(SETTINGS)}
    readers = sorted(role for role, entries in settings.items() if READS_ONLY in entries)
    acting = sorted(role for role, entries in settings.items() if "role" in entries)
    limited = {role for role, entries in settings.items() if "statement_timeout" in entries}
    logins = acting or sorted(limited.difference(readers))
    first = settings[logins[0]] if logins else {}
    return {
        "database": database,
        "owner": row[0] if row else "",
        "logins": logins,
        "statementTimeout": int(first.get("statement_timeout", "0s").removesuffix("s")),
        "idleTimeout": int(first.get("idle_in_transaction_session_timeout", "0s").removesuffix("s")),
        **temp_files.imported(first),
        **({"rights": ROWS} if logins and not acting else {}),
        **({"readers": readers} if readers else {}),
    }
