"""Contents of a tenant's database and prefixes, row by row and object by object, and how two such looks differ.

A backup compares whole databases by checksums (tenantry/backup/contents/fingerprint.py). Between two versions of a
program a table may gain a column, and every checksum of it changes: so here each row is known by its primary key and
compared column by column, over the columns that both looks have. The values stay in memory, and none is ever told.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql

from tenantry.backup.clients import BackupClients, Session
from tenantry.backup.contents import fingerprint, objects
from tenantry.backup.create import BackupSubject
from tenantry.changes.report.statements import Statement, Weight
from tenantry.database import migration_record
from tenantry.database.owner_login import CATALOG_ALONE

_PUBLIC: Final = "public."
OURS: Final = frozenset({migration_record.TABLE})
# Rows in which an up writes what the tenant's file says.
FOLLOWS_THE_FILE: Final = frozenset({"public.kindergartens", "public.system_config"})
KEYS: Final = """
SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
WHERE indisprimary AND indrelid = to_regclass(%s) ORDER BY array_position(indkey::int2[], attnum)
"""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Without a primary key the rows are known by nothing but their content."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    tables: Mapping[str, Table]
    objects: Mapping[str, tuple[int, str]]  # bucket/path below the prefix -> size and SHA-256

    @property
    def row_count(self) -> int:
        return sum(len(table.rows) for table in self.tables.values())


def look(systems: BackupClients, subject: BackupSubject) -> Contents:
    """Raises psycopg.Error or an error of the storage."""
    with systems.session(subject.database, CATALOG_ALONE) as session:
        fingerprint.prepare(session)
        places = [(schema, table) for schema, table in session.execute(fingerprint.TABLES).fetchall()]
        tables = {f"{schema}.{table}": _table(session, schema, table) for schema, table in places}
    return Contents(
        {name: table for name, table in tables.items() if name not in OURS},
        {
            f"{item.bucket}/{item.path}": _digest(systems.bucket(place), item.key)
            for place in subject.buckets
            for item in objects.current(systems.bucket(place), place.name, subject.prefix)
        },
    )


def _table(session: Session, schema: str, table: str) -> Table:
    name = sql.Identifier(schema, table)
    key = tuple(column for (column,) in session.execute(KEYS, [name.as_string(session)]).fetchall())
    cursor = session.execute(sql.SQL("SELECT * FROM ONLY {}").format(name))
    columns = tuple(column.name for column in cursor.description or ())
    return Table(columns, key, tuple(dict(zip(columns, row, strict=True)) for row in cursor.fetchall()))


def _digest(bucket: Any, key: str) -> tuple[int, str]:
    streamed = objects.read_back(bucket, key)
    return streamed.size, streamed.sha256


def differences(before: Contents, after: Contents) -> Iterator[Statement]:
    """Statements on what was lost, changed and added. Data that is lost or changed weighs most."""
    for name, table in before.tables.items():
        if name in after.tables:
            yield from _of_table(name.removeprefix(_PUBLIC), table, after.tables[name], name in FOLLOWS_THE_FILE)
        elif table.rows:
            yield Statement(
                Weight.DATA, "a table is gone:", (f"{name.removeprefix(_PUBLIC)} with {_rows(len(table.rows))}",)
            )
    lost = sorted(before.objects.keys() - after.objects.keys())
    changed = sorted(
        path for path in before.objects.keys() & after.objects.keys() if before.objects[path] != after.objects[path]
    )
    if lost:
        yield Statement(Weight.DATA, "objects are lost:", tuple(lost))
    if changed:
        yield Statement(Weight.DATA, "objects have other content:", tuple(changed))


def _of_table(name: str, before: Table, after: Table, follows: bool) -> Iterator[Statement]:
    gone = [column for column in before.columns if column not in after.columns]
    for column in gone:
        if count := sum(row[column] is not None for row in before.rows):
            yield Statement(Weight.DATA, "a column is gone, with its values:", (f"{name}.{column} in {_rows(count)}",))
    common = [column for column in before.columns if column in after.columns]
    if before.key and set(before.key) <= set(common):
        yield from _by_key(name, before, after, common, follows)
        return
    rows, rest = _counted(before, common), _counted(after, common)
    if lost := (rows - rest).total():
        yield Statement(Weight.DATA, "rows are lost or changed:", (f"{name}: {lost} of {len(before.rows)}",))


def _by_key(name: str, before: Table, after: Table, common: list[str], follows: bool) -> Iterator[Statement]:
    def identity(row: Row) -> tuple[Any, ...]:
        return tuple(row[column] for column in before.key)

    there = {identity(row): row for row in after.rows}
    lost = [row for row in before.rows if identity(row) not in there]
    if lost:
        yield Statement(Weight.DATA, "rows are lost:", (f"{name}: {len(lost)} of {len(before.rows)}",))
    pairs = [(row, there[identity(row)]) for row in before.rows if identity(row) in there]
    changed = [pair for pair in pairs if any(_differs(*pair, column) for column in common)]
    if changed:
        columns = [column for column in common if any(_differs(*pair, column) for pair in changed)]
        weight = Weight.OTHER if follows else Weight.DATA
        subject = f"{name}: {len(changed)} of {len(before.rows)} ({', '.join(columns)})"
        yield Statement(weight, "rows follow the file:" if follows else "rows have other values:", (subject,))


def _differs(row: Row, other: Row, column: str) -> bool:
    """By value, so that another type or scale is no difference; and no number is one that is none."""
    one, two = row[column], other[column]
    return one != two and (one == one or two == two)


def _counted(table: Table, columns: list[str]) -> Counter[str]:
    return Counter(repr([row[column] for column in columns]) for row in table.rows)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
