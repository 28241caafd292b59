"""The fingerprint of a database, for comparing two: its schema, and for every table the rows and a checksum.

A checksum is the sum over all rows of the two halves of each row's MD5: the order of rows does not matter, every row
and every repetition does. MD5 tells accidents apart, which is what is asked here, and PostgreSQL computes it itself.

A sequence keeps to no transaction: of a database that is written to while it is dumped, its values before and after
the dump are known, and what lies between them is right.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import sql
from pydantic import BaseModel, ConfigDict

from tenantry.backup.clients import Session
from tenantry.database import migration_record

# A row as text depends on these; a scratch database must say the same as the one it came from.
SETTINGS: Final = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "row_security": "off",
    "search_path": "",
    "statement_timeout": "0",
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "0",
}
# A table that became a view meanwhile is not read. Older minor releases of the server have no such setting.
TABLES_ALONE: Final = """
SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'
"""
TABLES: Final = """
SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname <> 'information_schema' AND nspname !~ '^pg_' ORDER BY 1, 2
"""
# In a schema of the provisioner's or a superuser's nobody else makes, replaces or alters anything.
OURS: Final = """
SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r'
    AND (SELECT bool_and(rolsuper OR rolname = current_user) FROM pg_roles WHERE oid IN (nspowner, relowner))
"""
# Not `::text` of a row: for that a tenant may have a cast of its own, which would run as who asks. What runs meanwhile
# may have changed the search path.
CONTENT: Final = """
SELECT pg_catalog.count(*), pg_catalog.concat(
    coalesce(pg_catalog.sum(pg_catalog.concat('x', pg_catalog.left(digest, 16))
        ::pg_catalog.bit(64)::pg_catalog.int8), 0), ',',
    coalesce(pg_catalog.sum(pg_catalog.concat('x', pg_catalog.right(digest, 16))
        ::pg_catalog.bit(64)::pg_catalog.int8), 0))
FROM (SELECT pg_catalog.md5(pg_catalog.record_out(ROW("the row".*))::pg_catalog.text) AS digest
    FROM ONLY {} AS "the row") AS digests
"""
SEQUENCES: Final = """
SELECT schemaname || '.' || sequencename, coalesce(last_value::text, '') FROM pg_sequences
WHERE schemaname <> 'information_schema' AND schemaname !~ '^pg_' ORDER BY 1
"""
# In parts that PostgreSQL can hold: a text of one byte behind two gigabytes of nothing is a large object, too.
LARGE_OBJECTS: Final = """
WITH RECURSIVE parts (id, place, digest, is_whole) AS (
    SELECT oid, 0::bigint, md5(part), length(part) < %(most)s
    FROM pg_largeobject_metadata, lo_get(oid, 0, %(most)s) AS part
    UNION ALL SELECT id, place + %(most)s, md5(part), length(part) < %(most)s
    FROM parts, lo_get(id, place + %(most)s, %(most)s) AS part WHERE NOT is_whole AND part <> ''
)
SELECT count(DISTINCT id), coalesce(md5(string_agg(digest, '' ORDER BY id, place)), '') FROM parts
"""
PART_BYTES: Final = 1_000_000_000


class Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    rows: int
    checksum: str


class Applied(NamedTuple):
    """A row of the record of migrations, which is the platform's and in no tenant's dump."""

    version: int
    name: str
    checksum: str
    applied_at: datetime


class Fingerprint(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_digest: str  # of pg_dump's own words for it
    tables: dict[str, Content]
    sequences: dict[str, str]
    large_objects: Content
    sequences_before: dict[str, str] | None = None  # none: they stood still, or an older program took it
    record: tuple[Applied, ...] | None = None  # none: the database has no such record, or an older program took it

    @property
    def rows(self) -> int:
        return sum(content.rows for content in self.tables.values())


def prepare(session: Session) -> None:
    for name, value in SETTINGS.items():
        session.execute("SELECT set_config(%s, %s, false)", [name, value])
    session.execute(TABLES_ALONE)


def sequences(session: Session) -> dict[str, str]:
    """The sequences' current values, regardless of the session's transaction."""
    return dict(session.execute(SEQUENCES).fetchall())


def take(
    session: Session, reader: Session, schema_digest: str, before: dict[str, str] | None = None, *, has_record: bool
) -> Fingerprint:
    """The fingerprint as the transactions of both sessions see it; `before` are the sequences from before the dump.

    The provisioner's session asks the catalogs, the reader's (table_reader.py) the tables.
    """
    now, own = sequences(session), ours(session)
    return Fingerprint(
        schema_digest=schema_digest,
        tables={
            name: _content(session if (schema, table) in own else reader, schema, table)
            for name, schema, table in _tables(session)
        },
        sequences=now,
        large_objects=_large_objects(session),
        sequences_before=before if before != now else None,
        record=tuple(Applied(*row) for row in migration_record.rows(session)) if has_record else None,
    )


def _tables(session: Session) -> Iterator[tuple[str, str, str]]:
    for schema, table in session.execute(TABLES).fetchall():
        yield f"{schema}.{table}", schema, table


def ours(session: Session) -> set[tuple[str, str]]:
    """Schema and name of the tables that the provisioner reads itself."""
    return {(schema, table) for schema, table in session.execute(OURS).fetchall()}


def _content(session: Session, schema: str, table: str) -> Content:
    return _one(session.execute(sql.SQL(CONTENT).format(sql.Identifier(schema, table))).fetchone())


def counts(session: Session, reader: Session) -> dict[str, int]:
    """Rows of each table, by both sessions as in `take`."""
    own, counted = ours(session), dict[str, int]()
    for name, schema, table in _tables(session):
        query = sql.SQL("SELECT pg_catalog.count(*) FROM ONLY {}").format(sql.Identifier(schema, table))
        row = (session if (schema, table) in own else reader).execute(query).fetchone()
        counted[name] = int(row[0]) if row else 0
    return counted


def _large_objects(session: Session) -> Content:
    return _one(session.execute(LARGE_OBJECTS, {"most": PART_BYTES}).fetchone())


def _one(row: Any) -> Content:
    return Content(rows=row[0], checksum=row[1])


def differences(expected: Fingerprint, actual: Fingerprint) -> list[str]:
    """In words, by table; no value of any row."""
    lines: list[str] = []
    if expected.schema_digest != actual.schema_digest:
        lines.append("the schema differs")
    for name in sorted(expected.tables.keys() | actual.tables.keys()):
        one, other = expected.tables.get(name), actual.tables.get(name)
        if one is None or other is None:
            lines.append(f"table {name} is {'missing' if other is None else 'one too many'}")
        elif one.rows != other.rows:
            lines.append(f"table {name} has {other.rows} rows instead of {one.rows}")
        elif one != other:
            lines.append(f"table {name} has other content in its {one.rows} rows")
    changed = [name for name in expected.sequences if not _is_between(expected, name, actual.sequences.get(name))]
    if changed or expected.sequences.keys() != actual.sequences.keys():
        lines.append(f"sequences differ ({', '.join(sorted(changed)[:3]) or 'not the same ones'})")
    if expected.large_objects != actual.large_objects:
        lines.append("large objects differ")
    return lines


def _is_between(expected: Fingerprint, name: str, value: str | None) -> bool:
    """Between before and after the dump; a sequence that was never used stands at nothing."""
    ends = (expected.sequences[name], (expected.sequences_before or expected.sequences).get(name, ""))
    if value is None or ends[0] == ends[1] or value in ends:
        return value in ends
    low, high = sorted(int(end or 0) for end in ends)
    return low <= int(value or 0) <= high
