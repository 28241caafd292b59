"""Invented rows in the template's own tables, on a real server."""

from collections.abc import Callable

import psycopg
import pytest

from tenantry.backup.clients import BackupClients
from tenantry.backup.create import BackupSubject
from tenantry.changes.rehearsal.contents import look
from tenantry.changes.rehearsal.seeding import ROWS, Kind, fill, kind_of

FEWEST_TABLES = 75  # of 89: what keeps an invented row out are rules between two rows


@pytest.mark.parametrize("kind", list(Kind))
def test_nearly_every_table_gets_rows(
    systems: BackupClients, clone: Callable[[str], BackupSubject], kind: Kind
) -> None:
    subject = clone(f"filled_{kind}")
    empty = look(systems, subject)
    filled = fill(systems, subject, kind)
    found = look(systems, subject)
    assert filled.tables >= FEWEST_TABLES
    assert {"public.users", "public.students", "public.parents", "public.classes"} <= {
        name for name, table in found.tables.items() if len(table.rows) > len(empty.tables[name].rows)
    }
    assert found.row_count == empty.row_count + filled.rows
    assert filled.rows > filled.tables
    assert sum(path.endswith(("rehearsal-a.txt", "rehearsal-b.bin")) for path in found.objects) == filled.objects == 2


@pytest.mark.parametrize(
    ("migration", "fails_on"),
    [
        ("ALTER TABLE parents ALTER COLUMN email SET NOT NULL", {Kind.EMPTY}),
        ("ALTER TABLE parents ADD UNIQUE (name)", {Kind.REPEATED}),
        ("ALTER TABLE parents ALTER COLUMN remark TYPE varchar(200)", {Kind.LONG}),
        ("ALTER TABLE parents ADD COLUMN nick text", set[Kind]()),
    ],
)
def test_each_kind_stops_a_migration_of_its_own(
    systems: BackupClients, clone: Callable[[str], BackupSubject], migration: str, fails_on: set[Kind]
) -> None:
    failed: set[Kind] = set()
    for kind in Kind:
        subject = clone(f"stopped_{kind}")
        fill(systems, subject, kind)
        with systems.session(subject.database) as session:
            try:
                session.execute(f"SET search_path = public; {migration}".encode())
            except psycopg.DatabaseError:
                failed.add(kind)
    assert failed == fails_on


def test_four_tenants_have_four_kinds_and_several_rows() -> None:
    assert {kind_of(place) for place in range(4)} == set(Kind)
    assert kind_of(4) is kind_of(0)
    assert ROWS > 1
