"""Losses and changes between two looks at a real database and a real prefix."""

from collections.abc import Callable, Generator

import pytest

from tenantry.backup.clients import BackupClients
from tenantry.backup.create import BackupSubject
from tenantry.changes.rehearsal.contents import differences, look
from tenantry.changes.report.statements import Weight
from tests.tenantry.changes.rehearsal.conftest import FILES, PREFIX

TABLES = """
CREATE TABLE things (id bigint PRIMARY KEY, name text, amount numeric(8, 2), ratio float8, at timestamptz, raw bytea);
INSERT INTO things VALUES (1, 'one', 12.30, 'NaN', now(), '\\x00ff'), (2, 'two', NULL, NULL, NULL, NULL);
CREATE TABLE pairs (one int, other text, PRIMARY KEY (other, one));
INSERT INTO pairs VALUES (1, 'a'), (1, 'b');
CREATE TABLE bare (word text);
INSERT INTO bare VALUES ('same'), ('same'), ('other');
CREATE TABLE empty (id int);
"""
LOST, CHANGED = "rows are lost:", "rows have other values:"


@pytest.fixture
def subject(systems: BackupClients, clone: Callable[[str], BackupSubject]) -> Generator[BackupSubject]:
    made = clone("contents")
    with systems.session(made.database) as session:
        session.execute(f"SET search_path = public; {TABLES}".encode())
    bucket = systems.bucket(FILES)
    for name in ("a.txt", "b.txt"):
        bucket.put_object(f"{PREFIX}{name}", b"content")
    yield made
    for name in ("a.txt", "b.txt", "c.txt"):
        bucket.delete_object(f"{PREFIX}{name}")


def differences_after(
    systems: BackupClients, subject: BackupSubject, *statements: str
) -> list[tuple[Weight, str, str]]:
    before = look(systems, subject)
    with systems.session(subject.database) as session:
        session.execute("SET search_path = public")
        for statement in statements:
            session.execute(statement.encode())
    listed = differences(before, look(systems, subject))
    return [(said.weight, said.words, ", ".join(said.subjects)) for said in listed]


@pytest.mark.parametrize(
    ("statement", "words", "what"),
    [
        ("DELETE FROM things WHERE id = 1", LOST, "things: 1 of 2"),
        ("TRUNCATE things", LOST, "things: 2 of 2"),
        ("DELETE FROM pairs WHERE other = 'b'", LOST, "pairs: 1 of 2"),
        ("UPDATE things SET name = 'new', amount = 1 WHERE id = 1", CHANGED, "things: 1 of 2 (name, amount)"),
        ("UPDATE things SET raw = '\\x00' WHERE id = 1", CHANGED, "things: 1 of 2 (raw)"),
        ("DELETE FROM bare WHERE ctid = (SELECT min(ctid) FROM bare)", "rows are lost or changed:", "bare: 1 of 3"),
        ("UPDATE bare SET word = 'new' WHERE word = 'other'", "rows are lost or changed:", "bare: 1 of 3"),
        ("DROP TABLE things", "a table is gone:", "things with 2 rows"),
        ("ALTER TABLE things RENAME TO others", "a table is gone:", "things with 2 rows"),
        ("ALTER TABLE things DROP COLUMN name", "a column is gone, with its values:", "things.name in 2 rows"),
        ("ALTER TABLE things DROP COLUMN amount", "a column is gone, with its values:", "things.amount in 1 row"),
        ("ALTER TABLE pairs DROP COLUMN one", "a column is gone, with its values:", "pairs.one in 2 rows"),
    ],
)
def test_what_is_gone_or_other_weighs_most(
    systems: BackupClients, subject: BackupSubject, statement: str, words: str, what: str
) -> None:
    assert differences_after(systems, subject, statement) == [(Weight.DATA, words, what)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "ALTER TABLE things ADD COLUMN more text NOT NULL DEFAULT 'x'",
        "ALTER TABLE things ALTER COLUMN amount TYPE numeric(12, 4)",
        "ALTER TABLE pairs ALTER COLUMN one TYPE bigint",
        "ALTER TABLE things DROP CONSTRAINT things_pkey",
        "INSERT INTO things VALUES (3, 'three')",
        "INSERT INTO bare VALUES ('more')",
        "CREATE TABLE more (id int)",
        "DROP TABLE empty",
        "INSERT INTO tenantry_platform.schema_migrations VALUES (7, 'x', 'y')",
        "UPDATE bare SET word = word",
    ],
)
def test_what_keeps_all_data_is_no_difference(systems: BackupClients, subject: BackupSubject, statement: str) -> None:
    assert differences_after(systems, subject, statement) == []


def test_rows_that_an_up_writes_are_told_as_such(systems: BackupClients, subject: BackupSubject) -> None:
    found = differences_after(systems, subject, "UPDATE kindergartens SET name = 'new'")
    assert found == [(Weight.OTHER, "rows follow the file:", "kindergartens: 1 of 1 (name, updated_at)")]


def test_no_value_is_told(systems: BackupClients, subject: BackupSubject) -> None:
    found = differences_after(
        systems, subject, "UPDATE things SET name = 'geheim'", "DELETE FROM pairs", "UPDATE bare SET word = 'x'"
    )
    assert len(found) == 3
    assert "geheim" not in str(found)
    assert "same" not in str(found)


def test_objects(systems: BackupClients, subject: BackupSubject) -> None:
    before = look(systems, subject)
    bucket = systems.bucket(FILES)
    bucket.delete_object(f"{PREFIX}a.txt")
    bucket.put_object(f"{PREFIX}b.txt", b"another")
    bucket.put_object(f"{PREFIX}c.txt", b"new")
    listed = [(said.weight, said.words, said.subjects) for said in differences(before, look(systems, subject))]
    assert listed == [
        (Weight.DATA, "objects are lost:", ("files/a.txt",)),
        (Weight.DATA, "objects have other content:", ("files/b.txt",)),
    ]
