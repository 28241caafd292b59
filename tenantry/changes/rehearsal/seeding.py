"""Rows and objects for a rehearsal's tenants: invented, in every table that takes them, and of four kinds.

A migration fails on data, not on empty tables. So tenants get different data: one plain, one with the same values again
and again, one with nothing wherever nothing is allowed, one with the longest texts and largest numbers. Whoever's
migration expects otherwise learns it here, and at which of the four.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import psycopg
from psycopg import sql

from tenantry.backup.clients import BackupClients, Session
from tenantry.backup.contents import fingerprint
from tenantry.backup.create import BackupSubject
from tenantry.changes.rehearsal.contents import OURS
from tenantry.changes.rehearsal.values import Column, Wish, value_of
from tenantry.database.owner_login import AS_OWNER

ROWS: Final = 3  # of each table
ATTEMPTS: Final = 3  # for one row
ROUNDS: Final = 8  # over the tables that could not be filled: others must be filled before
COLUMNS: Final = """
SELECT attname, format_type(atttypid, NULL), typcategory, atttypmod, NOT attnotnull,
    attidentity <> '' OR attgenerated <> '', atthasdef,
    EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND indisunique AND attnum = ANY (indkey)),
    (SELECT confrelid::regclass::text || '|' || (
        SELECT f.attname FROM pg_attribute f WHERE f.attrelid = confrelid AND f.attnum = confkey[1])
     FROM pg_constraint c WHERE c.conrelid = a.attrelid AND contype = 'f' AND conkey = ARRAY[attnum] LIMIT 1),
    coalesce((SELECT string_agg(pg_get_constraintdef(c.oid), ' ') FROM pg_constraint c
     WHERE c.conrelid = a.attrelid AND contype = 'c' AND attnum = ANY (conkey)), '')
FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


class Kind(StrEnum):
    """The kind of rows that a tenant gets."""

    PLAIN = "plain"
    REPEATED = "repeated"  # the same values in all rows, where that is allowed
    EMPTY = "empty"  # nothing, where that is allowed
    LONG = "long"  # long texts, large numbers


@dataclass(frozen=True, slots=True)
class Filled:
    """The data that a tenant was given; `without` are tables that no invented row fits into."""

    kind: Kind
    rows: int
    tables: int
    objects: int
    without: tuple[str, ...]


def kind_of(place: int) -> Kind:
    """The kind for the tenant at this place among those that get data."""
    return tuple(Kind)[place % len(Kind)]


def fill(systems: BackupClients, subject: BackupSubject, kind: Kind) -> Filled:
    """Raises psycopg.Error or an error of the storage when nothing can be written at all."""
    rows: dict[str, int] = {}
    with systems.session(subject.database, AS_OWNER) as session:
        fingerprint.prepare(session)
        session.execute("SELECT set_config('search_path', 'public', false)")
        names = [f"{schema}.{table}" for schema, table in session.execute(fingerprint.TABLES).fetchall()]
        waiting = [name for name in names if name not in OURS]
        for _ in range(ROUNDS):
            rows |= {name: count for name in waiting if (count := _fill_table(session, name, kind))}
            left = [name for name in waiting if name not in rows]
            if left == waiting:
                break
            waiting = left
    return Filled(kind, sum(rows.values()), len(rows), _put_objects(systems, subject), tuple(waiting))


def _fill_table(session: Session, name: str, kind: Kind) -> int:
    """Rows that were taken, by the kind or, where that fits none, plain ones."""
    columns = list(_columns(session, name))
    for attempt in dict.fromkeys((kind, Kind.PLAIN, Kind.EMPTY)):
        if _insert(session, name, columns, attempt, 0):
            return 1 + sum(_insert(session, name, columns, attempt, number) for number in range(1, ROWS))
    return 0


def _insert(session: Session, name: str, columns: Sequence[Column], kind: Kind, number: int) -> bool:
    """Tells whether the row was taken: with the kind's values, with others than the rows before have, or with a
    year.
    """
    for attempt in range(ATTEMPTS):
        wish = Wish(number, attempt, is_long=kind is Kind.LONG, is_repeated=kind is Kind.REPEATED and attempt == 0)
        values = {
            column.name: value for column in columns if (value := _value(session, column, kind, wish)) is not None
        }
        try:
            with session.transaction():
                session.execute(_statement(name, values), list(values.values()))
            return True
        except psycopg.OperationalError:  # the server is not there
            raise
        except psycopg.DatabaseError:
            continue
    return False


def _statement(name: str, values: Mapping[str, Any]) -> sql.Composed:
    table = sql.Identifier(*name.split("."))
    if not values:
        return sql.SQL("INSERT INTO {} DEFAULT VALUES").format(table)
    columns = sql.SQL(", ").join(map(sql.Identifier, values))
    places = sql.SQL(", ").join(sql.Placeholder() * len(values))
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(table, columns, places)


def _value(session: Session, column: Column, kind: Kind, wish: Wish) -> Any:
    """None leaves the column to its default, or without a value."""
    if column.is_made or (column.has_default and (kind is not Kind.LONG or column.checks)):
        return None
    if column.is_nullable and kind is Kind.EMPTY:
        return None
    if column.references is None:
        return value_of(column, wish)
    return _referred(session, column, wish.number_for(column))


def _referred(session: Session, column: Column, number: int) -> Any:
    """The key of a row that is there, if possible another one for each number; None where there is none."""
    table, other = (column.references or "|").split("|")
    query = sql.SQL("SELECT {} FROM {} ORDER BY 1 DESC LIMIT %s").format(
        sql.Identifier(other), sql.Identifier(*table.split("."))
    )
    rows = session.execute(query, [number + 1]).fetchall()
    return rows[-1][0] if rows else None


def _columns(session: Session, name: str) -> Iterator[Column]:
    yield from (Column(*row) for row in session.execute(COLUMNS, [name]).fetchall())


def _put_objects(systems: BackupClients, subject: BackupSubject) -> int:
    """In each bucket two objects, one of them written twice."""
    contents: Mapping[str, bytes] = {
        "uploads/files/rehearsal-a.txt": b"the first version",
        "documents/activities/rehearsal-b.bin": bytes(range(256)) * 64,
    }
    for place in subject.buckets:
        bucket = systems.bucket(place)
        for path, content in contents.items():
            bucket.put_object(f"{subject.prefix}{path}", content)
        first = next(iter(contents))
        bucket.put_object(f"{subject.prefix}{first}", b"the second version")
    return len(contents) * len(subject.buckets)
