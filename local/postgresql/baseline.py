"""The template database that every tenant's is cloned from: built beside the old one, then swapped in by renaming."""

import hashlib
import logging
from pathlib import Path

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from local.postgresql.connection import connect
from tenantry.database import migration_record
from tenantry.names import TEMPLATE_DATABASE

FILES = Path(__file__).parent / "template"
DRAFT = f"{TEMPLATE_DATABASE}_draft"
FORMER = f"{TEMPLATE_DATABASE}_former"
LOCK = 0x7E4A47  # any number, the same for every start of this instance
BASELINE_VERSION = 0
"""The template as made from FILES; migrations of tenants number from 1."""


def after_start(port: int, password: str) -> None:
    """Called by the manager once the server answers: the template is there and current, or a warning says why not."""
    if renew(port, password) == "kept":
        logging.getLogger(__name__).warning(
            "%s holds migrations beyond its baseline, so it is kept although the baseline's files have changed: "
            "bring the change as a migration, or remove the instance",
            TEMPLATE_DATABASE,
        )


def renew(port: int, password: str) -> str:
    """Make, renew or repair the template; says which: "made", "renewed", "kept" or "current".

    Killed at any moment, the next call completes it: until the draft is whole there is no database of the template's
    name, or the former one. A template with later migrations in it is kept when FILES change: a new one would lack
    them.
    """
    digest = _digest()
    with connect(port, password) as session:
        session.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        _drop(session, DRAFT)
        _drop(session, FORMER)
        mark = _mark(session)
        if mark == digest:
            _close(session, TEMPLATE_DATABASE)
            return "current"
        if mark is not None and _migrated(session, port, password):
            return "kept"
        _build(session, port, password, digest)
        with session.transaction():
            if mark is not None:
                _rename(session, TEMPLATE_DATABASE, FORMER)
            _rename(session, DRAFT, TEMPLATE_DATABASE)
        _drop(session, FORMER)
        return "made" if mark is None else "renewed"


def _build(session: Connection[TupleRow], port: int, password: str, digest: str) -> None:
    draft = sql.Identifier(DRAFT)
    # Closed from its first moment: what a tenant's login left in it, every clone would inherit.
    session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 CONNECTION LIMIT 0").format(draft))
    session.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(draft))
    session.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(draft))
    with connect(port, password, DRAFT) as inside, inside.transaction():
        for path in _paths():
            inside.execute(path.read_bytes())
        inside.execute(
            "INSERT INTO tenantry_platform.schema_migrations (version, name, checksum) VALUES (%s, 'baseline', %s)",
            [BASELINE_VERSION, digest],
        )
    with connect(port, password, DRAFT) as inside:  # outside the transaction; clones take the statistics along
        inside.execute("VACUUM (ANALYZE, FREEZE)")
    session.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(draft, sql.Literal(digest)))
    _close(session, DRAFT)


def _close(session: Connection[TupleRow], name: str) -> None:
    """No sessions, not even the administrator's: one session makes every clone wait 5 s and fail."""
    statement = sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
    session.execute(statement.format(sql.Identifier(name)))


def _migrated(session: Connection[TupleRow], port: int, password: str) -> bool:
    """Tells whether the template holds versions beyond the baseline; it is opened for that one look."""
    name = sql.Identifier(TEMPLATE_DATABASE)
    session.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(name))
    try:
        with connect(port, password, TEMPLATE_DATABASE) as inside:
            applied = (
                migration_record.applied(inside)
                if migration_record.is_there(inside)
                else [row[0] for row in migration_record.former(inside)]
            )
            return max(applied, default=BASELINE_VERSION) > BASELINE_VERSION
    finally:
        _close(session, TEMPLATE_DATABASE)


def _drop(session: Connection[TupleRow], name: str) -> None:
    row = session.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [name])
    entry = row.fetchone()
    if entry is None:
        return
    if entry[0]:  # never of what an interrupted DROP has left: that can be dropped, and not be altered
        session.execute(sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE false").format(sql.Identifier(name)))
    session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _rename(session: Connection[TupleRow], old: str, new: str) -> None:
    session.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def _mark(session: Connection[TupleRow]) -> str | None:
    """The digest of what the template was made from (its comment: readable while closed); None without a template."""
    row = session.execute(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = %s",
        [TEMPLATE_DATABASE],
    ).fetchone()
    return None if row is None else str(row[0])


def _paths() -> list[Path]:
    return sorted(FILES.glob("*.sql"))


def _digest() -> str:
    total = hashlib.sha256()
    for path in _paths():
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()
