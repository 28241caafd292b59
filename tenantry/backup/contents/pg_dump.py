"""pg_dump and pg_restore, and the scratch databases that backups are tried in."""

import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

import psycopg
from psycopg import sql

from tenantry.backup.clients import APPLICATION, BackupClients, Session
from tenantry.backup.contents import fingerprint
from tenantry.backup.contents.fingerprint import Fingerprint
from tenantry.backup.contents.table_reader import BEGIN, table_reader
from tenantry.backup.errors import BackupError
from tenantry.database import migration_record
from tenantry.database.owner_login import CATALOG_ALONE, OWNER_OF, PLATFORM_SUFFIXES, OwnerLogin, owner_login
from tenantry.database.sessions.reserved_connection import reserve_connection
from tenantry.database.sessions.watch import Watch, watched
from tenantry.names import PLATFORM_SCHEMA

DUMPED: Final = ("--no-owner", "--no-privileges", "--lock-wait-timeout=60s")  # pg_dump takes back what PGOPTIONS says
SHOWN: Final = 3
GIVEN_BACK: Final = "it belongs to somebody else: `tenantry up --refresh` gives it to the database's owner"
HIDDEN: Final = """
SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    CROSS JOIN pg_roles
WHERE relrowsecurity AND relforcerowsecurity AND rolname = current_user AND NOT (rolsuper OR rolbypassrls) ORDER BY 1, 2
"""
SCRATCH: Final = "tenantry_scratch_"
# Of copies beside a tenant's that a person has dropped: each has an owner of its own name (`loader`).
ORPHANS: Final = r"""
SELECT rolname FROM pg_roles WHERE rolname ~ '^rent[0-9]+_restored_[0-9]{14,20}$' AND NOT rolcanlogin
    AND NOT EXISTS (SELECT FROM pg_database WHERE datname = rolname)
"""
# What pg_dump writes that is not the schema: settings of its session, a random word of each run, the standard schema.
_NOISE: Final = ("--", "SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict", "COMMENT ON SCHEMA public")


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise BackupError(
            f"{name} is not on PATH", "install the client programs of the server's release (embedded: `. .local/env`)"
        )
    return path


def run(
    systems: BackupClients,
    name: str,
    database: str,
    *arguments: str,
    source: IO[bytes] | None = None,
    target: IO[bytes] | None = None,
    login: OwnerLogin | None = None,
) -> bytes:
    """Its output, empty when that goes into a file.

    What it says when it fails names databases and objects, and no secret; and who held what it waited for. Raises
    BackupError where it does not end: a session of its own login ends with that login (owner_login).
    """
    watch = Watch(systems.session, database=database, application=APPLICATION)
    with reserve_connection(systems.session, database):
        watch.start()
        try:
            done = subprocess.run(
                [program(name), "--no-password", *arguments, f"--dbname={database}"],
                env=systems.client_environment(os.environ, login, systems.options(database)),
                stdin=source or subprocess.DEVNULL,
                stdout=target or subprocess.PIPE,
                stderr=subprocess.PIPE,
                check=False,
                timeout=systems.limit_s,
            )
        except subprocess.TimeoutExpired:
            raise _time_limit(f"{name} of {database}", systems.limit_s) from None
        finally:
            watch.stop()
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        problem = f"{name} failed ({said[0] if said else done.returncode}){watch.words()}"
        raise BackupError(problem, "correct this and run again")
    return done.stdout or b""


def _time_limit(what: str, limit_s: float) -> BackupError:
    return BackupError(
        f"{what} took longer than {limit_s / 60:g} minutes and was ended",
        "if its tables need longer, raise tenantry:backupLimitMinutes; else something in it does not end, such as a"
        " function of an index, a constraint or a materialized view: have the tenant mend that, and run again",
    )


@contextmanager
def _in_time(systems: BackupClients, session: Session, what: str) -> Generator[None]:
    """Raises BackupError for statements of the session that do not end in time."""
    with watched(systems.session, session, systems.limit_s) as watch:
        try:
            yield
        except psycopg.errors.AdminShutdown:
            if watch.has_ended_it:
                raise _time_limit(what, systems.limit_s) from None
            raise


@contextmanager
def reading(systems: BackupClients, database: str, session: Session, snapshot: str) -> Generator[Session]:
    """A session for the tables, beside the one for the catalogs: both end in time. Raises BackupError."""
    what = f"reading {database}"
    with (
        table_reader(systems, database, snapshot) as reader,
        _in_time(systems, session, what),
        _in_time(systems, reader, what),
    ):
        try:
            yield reader
        except psycopg.errors.InsufficientPrivilege as error:
            raise BackupError(f"{what} as its owner: {error.diag.message_primary}", GIVEN_BACK) from None


@contextmanager
def frozen(systems: BackupClients, database: str) -> Generator[tuple[Session, str]]:
    """A session that sees the database as of one moment, and that moment's name, for pg_dump to see the same."""
    with systems.session(database, CATALOG_ALONE) as session, watched(systems.session, session):
        fingerprint.prepare(session)
        session.execute(BEGIN)
        row = session.execute("SELECT pg_export_snapshot()").fetchone()
        yield session, str(row[0] if row else "")
        session.execute("COMMIT")


def dump(systems: BackupClients, database: str, target: IO[bytes]) -> Fingerprint:
    """Writes the dump into an empty file; the fingerprint is of the very same moment, but for sequences (see there)."""
    with frozen(systems, database) as (session, snapshot):
        _refuse_hidden_rows(session, database)
        before, has_record = fingerprint.sequences(session), migration_record.is_ours(session)
        run(
            systems,
            "pg_dump",
            database,
            "--format=custom",
            *_dumped(has_record),
            f"--snapshot={snapshot}",
            target=target,
        )
        digest = _schema_digest(systems, database, snapshot, has_record)
        with reading(systems, database, session, snapshot) as reader:
            return fingerprint.take(session, reader, digest, before, has_record=has_record)


def _refuse_hidden_rows(session: Session, database: str) -> None:
    """PostgreSQL ends such a dump by itself, without a word of whose doing it is. Raises BackupError."""
    if hidden := [f"{schema}.{name}" for schema, name in session.execute(HIDDEN).fetchall()]:
        user = session.info.user
        raise BackupError(
            f"the owner of {database} has put {', '.join(hidden[:SHOWN])}{' and others' * (len(hidden) > SHOWN)} under"
            f" FORCE ROW LEVEL SECURITY, and {user} has no BYPASSRLS: rows would be missing",
            "`tenantry up --refresh` takes it off, and the next backup is whole; to allow it, as the server's"
            f" administrator: `ALTER ROLE {user} BYPASSRLS`",
        )


def fingerprint_of(systems: BackupClients, database: str, taken: Fingerprint | None = None) -> Fingerprint:
    """`taken` is what was restored: what it did not know as the platform's record is the tenant's, whoever owns it."""
    with frozen(systems, database) as (session, snapshot):
        has_record = migration_record.is_ours(session) if taken is None else taken.record is not None
        digest = _schema_digest(systems, database, snapshot, has_record)
        with reading(systems, database, session, snapshot) as reader:
            return fingerprint.take(session, reader, digest, has_record=has_record)


def _dumped(has_record: bool) -> tuple[str, ...]:
    """A dump is restored as the tenant's owner: what is the platform's goes with the manifest instead."""
    return (*DUMPED, f"--exclude-schema={PLATFORM_SCHEMA}") if has_record else DUMPED


def _schema_digest(systems: BackupClients, database: str, snapshot: str, has_record: bool) -> str:
    """Digest of pg_dump's words in a fixed order: a restored schema may be told in another one."""
    text = run(systems, "pg_dump", database, "--schema-only", *_dumped(has_record), f"--snapshot={snapshot}").decode()
    lines = sorted(line for line in text.splitlines() if line.strip() and not line.startswith(_NOISE))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def load(systems: BackupClients, source: IO[bytes], database: str, taken: Fingerprint) -> None:
    """The whole file into an empty database, as its owner: what a dump says is a tenant's code, and runs at once.

    The platform's own record comes first: nothing of the tenant's can take its name then.
    """
    if taken.record is not None:
        with systems.session(database, CATALOG_ALONE) as session:
            migration_record.make(session, taken.record)
    source.flush()
    os.lseek(source.fileno(), 0, os.SEEK_SET)  # the program reads where the descriptor stands, not this file object
    with loader(systems, database) as login:
        run(
            systems,
            "pg_restore",
            database,
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            f"--role={login.owner}",
            source=source,
            login=login,
        )


@contextmanager
def loader(systems: BackupClients, database: str) -> Generator[OwnerLogin]:
    """A login of the database's owner; where that is the provisioner, of a role that is its owner from then on.

    A dump is a tenant's code, and not only pg_restore runs it: autovacuum computes the expressions of indexes as the
    table's owner. So nothing of it ever belongs to the provisioner.
    """
    _give_away(systems, database)
    with owner_login(systems.session, database) as login:
        if login is None:
            raise BackupError(f"there is no database {database}", "run again")
        yield login


def _give_away(systems: BackupClients, database: str) -> None:
    role = sql.Identifier(database)
    with systems.session() as session:
        owner = session.execute(OWNER_OF, [database]).fetchone()
        if owner is None or not owner[1]:
            return
        session.execute(sql.SQL("CREATE ROLE {} ROLE CURRENT_USER").format(role))
        session.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(role, role))


@contextmanager
def scratch(systems: BackupClients, template: str | None = None) -> Generator[str]:
    """A database of nobody's that is gone at the end; those that killed runs left behind go first.

    A lock of this session says that it is in use. Nobody else may connect: what is tried in it is a tenant's data.
    """
    name = f"{SCRATCH}{secrets.token_hex(8)}"
    with systems.session() as session:
        _lock(session, name)
        _drop_abandoned(session)
        try:
            create(session, name, template=template)
            yield name
        finally:
            with suppress(psycopg.OperationalError):  # the server went away: the next run drops it
                drop(session, name)


def create(session: Session, name: str, *, owner: str | None = None, template: str | None = None) -> None:
    """Closed to everybody from its first moment: nobody but its owner and the provisioner gets in."""
    owned = sql.SQL(" OWNER {}").format(sql.Identifier(owner)) if owner else sql.SQL("")
    cloned = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template or "template0"))
    database = sql.Identifier(name)
    session.execute(sql.SQL("CREATE DATABASE {}{}{} CONNECTION LIMIT 0").format(database, owned, cloned))
    session.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    session.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(database))


def drop(session: Session, name: str) -> None:
    """With the roles that were made for it alone."""
    session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    for role in (*(f"{name}{suffix}" for suffix in PLATFORM_SUFFIXES), name):
        session.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def _lock(session: Session, name: str) -> bool:
    row = session.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
    return bool(row and row[0])


def _drop_abandoned(session: Session) -> None:
    abandoned: Iterable[Any] = session.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [SCRATCH]
    ).fetchall()
    for (name,) in abandoned:
        if _lock(session, name):
            drop(session, name)
            session.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
    for (role,) in session.execute(ORPHANS).fetchall():
        with suppress(psycopg.errors.DependentObjectsStillExist):
            session.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
