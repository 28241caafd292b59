"""Rights on the rows of a database and on nothing else: of logins that must own none of the code in it.

Where the provisioner itself writes rows, whoever owns a table's triggers, or may give the database a search path, acts
as the provisioner. So the admin service's logins are no members of the owner: they read and write, and make nothing.
Tables whose rows stay as they were written (the trigger `refuse_change`, provider/migrations/admin/0012_history.sql)
they only read: who writes tenants' rows must not write what is told of that.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, LiteralString

from provider.resources.database.correction import Repair

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

# What each login must hold on all there is but what is PostgreSQL's or an extension's, and on all that comes.
FAULTS: Final = """
WITH places AS (SELECT oid, nspacl FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'),
wanted (sort, rights) AS (
    VALUES ('SCHEMA', '{USAGE}'::text[]), ('SEQUENCE', '{USAGE}'), ('TABLE', '{DELETE,INSERT,SELECT,UPDATE}')),
things (sort, name, acl) AS (
    SELECT 'SCHEMA', oid::regnamespace::text, nspacl FROM places
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, pg_class.oid::regclass::text, relacl
    FROM pg_class JOIN places ON places.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND classid = 'pg_class'::regclass
            AND deptype = 'e')
    UNION ALL
    SELECT sort, NULL, (SELECT defaclacl FROM pg_default_acl
        WHERE defaclrole = (SELECT oid FROM pg_roles WHERE rolname = %(owner)s) AND defaclnamespace = 0
            AND defaclobjtype = CASE sort WHEN 'SCHEMA' THEN 'n' WHEN 'TABLE' THEN 'r' ELSE 'S' END::"char")
    FROM wanted
)
SELECT sort, name, login, held, due FROM things JOIN wanted USING (sort) CROSS JOIN unnest(%(logins)s::text[]) login
CROSS JOIN LATERAL (SELECT CASE WHEN name IN (
    SELECT tgrelid::regclass::text FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE proname = 'refuse_change'
) THEN '{SELECT}' ELSE rights END) AS given (due)
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(privilege_type || CASE WHEN is_grantable THEN ' to pass on' ELSE '' END
        ORDER BY privilege_type), '{}') FROM aclexplode(acl)
    WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = login)
) AS found (held)
WHERE CASE WHEN %(gone)s THEN held <> '{}' ELSE held <> due END ORDER BY sort, name, login
"""


def faults(session: "Session", owner: str, logins: Iterable[str]) -> Iterator[Repair]:
    """Rights on rows that any of these logins has too little or too much of."""
    for sort, name, login, held, rights in _found(session, owner, logins, gone=False):
        yield Repair(
            f"{login} holds {', '.join(held) or 'nothing'} on {_words(sort, name)} instead of {', '.join(rights)}",
            _statement(owner, sort, name, login, rights),
        )


def takings(session: "Session", owner: str, logins: Iterable[str]) -> Iterator[Repair]:
    """All that these logins hold, to be taken: a role that holds anything cannot be dropped."""
    for sort, name, login, held, _ in _found(session, owner, logins, gone=True):
        yield Repair(
            f"{login} holds {', '.join(held)} on {_words(sort, name)}", _statement(owner, sort, name, login, [])
        )


def _found(session: "Session", owner: str, logins: Iterable[str], *, gone: bool) -> list[tuple[Any, ...]]:
    return session.execute(FAULTS, {"owner": owner, "logins": sorted(logins), "gone": gone}).fetchall()


def _words(sort: str, name: str | None) -> str:
    return f"{sort.lower()} {name}" if name else f"{sort.lower()}s to come"


def _statement(
    owner: str, sort: LiteralString, name: LiteralString | None, login: str, rights: list[LiteralString]
) -> Any:
    """Names as PostgreSQL itself quotes them, qualified because nothing is on this session's search path."""
    from psycopg import sql

    target, before = sql.SQL("{} {}").format(sql.SQL(sort), sql.SQL(name or "")), sql.SQL("")
    if name is None:
        target = sql.SQL(f"{sort}S")
        before = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} ").format(sql.Identifier(owner))
    taken = before + sql.SQL("REVOKE ALL ON {} FROM {}").format(target, sql.Identifier(login))
    if not rights:
        return taken
    listed = sql.SQL(", ").join(sql.SQL(right) for right in rights)
    given = before + sql.SQL("GRANT {} ON {} TO {}").format(listed, target, sql.Identifier(login))
    return sql.SQL(";\n").join([taken, given])
