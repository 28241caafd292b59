"""Migrations: in order, once, one at a time, and never over a changed past."""

import threading
from pathlib import Path

import pytest

from provider.errors import ResourceFailure
from provider.resources.migrations import SETS, Migrations, migrations_of
from provider.systems.connections import Connections
from tenantry.database.migrations import BASELINE, REMEMBER


def files(folder: Path, **texts: str) -> Path:
    chosen = folder / "set"
    chosen.mkdir(exist_ok=True)
    for name, text in texts.items():
        (chosen / f"{name.removeprefix('v')}.sql").write_text(text)
    return folder


def inputs(database: str, digest: str = "1") -> dict[str, str]:
    return {"database": database, "set": "set", "digest": digest}


@pytest.fixture
def at(settings) -> Connections:
    return Connections(settings())


def versions(server, database: str) -> list[int]:
    with server.connect(database) as session:
        return [row[0] for row in session.execute("SELECT version FROM schema_migrations ORDER BY applied_at, version")]


def test_a_set_is_applied_in_order_and_belongs_to_the_databases_owner(at, server, empty: str, tmp_path: Path) -> None:
    migrations = Migrations(files(tmp_path, v0002_more="INSERT INTO t VALUES (1)", v0001_base="CREATE TABLE t (n int)"))
    assert migrations.apply(at, inputs(empty), {})["version"] == 2
    assert versions(server, empty) == [1, 2]
    with server.connect(empty) as session:
        owners = session.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert owners == [("clone",)]


def test_a_second_run_only_adds_what_is_new(at, server, empty: str, tmp_path: Path) -> None:
    migrations = Migrations(files(tmp_path, v0001_base="CREATE TABLE t (n int)"))
    migrations.apply(at, inputs(empty), {})
    files(tmp_path, v0002_more="ALTER TABLE t ADD m int")
    assert migrations.apply(at, inputs(empty, "2"), {})["version"] == 2
    assert migrations.apply(at, inputs(empty, "2"), {})["version"] == 2


def test_a_failing_migration_leaves_nothing_of_itself_and_keeps_those_before(
    at, server, empty: str, tmp_path: Path
) -> None:
    folder = files(tmp_path, v0001_base="CREATE TABLE t (n int)", v0002_bad="CREATE TABLE half (n int); SELECT 1/0")
    with pytest.raises(ResourceFailure, match=r"migration 0002_bad: division by zero"):
        Migrations(folder).apply(at, inputs(empty), {})
    with server.connect(empty) as session:
        assert session.execute("SELECT to_regclass('half')").fetchone() == (None,)
    assert versions(server, empty) == [1]
    files(tmp_path, v0002_bad="CREATE TABLE whole (n int)")
    assert Migrations(folder).apply(at, inputs(empty), {})["version"] == 2


def test_a_changed_past_is_refused(at, empty: str, tmp_path: Path) -> None:
    migrations = Migrations(files(tmp_path, v0001_base="CREATE TABLE t (n int)"))
    migrations.apply(at, inputs(empty), {})
    files(tmp_path, v0001_base="CREATE TABLE t (n bigint)")
    with pytest.raises(
        ResourceFailure, match=r"0001_base was changed after it had been applied.*write the change as a new migration"
    ):
        migrations.apply(at, inputs(empty), {})


def test_an_older_checkout_and_a_late_number_are_refused(at, empty: str, tmp_path: Path) -> None:
    migrations = Migrations(files(tmp_path, v0001_a="SELECT 1", v0003_c="SELECT 3"))
    migrations.apply(at, inputs(empty), {})
    files(tmp_path, v0002_b="SELECT 2")
    with pytest.raises(ResourceFailure, match="0002_b is new, but 0003 has been applied already"):
        migrations.apply(at, inputs(empty), {})
    (tmp_path / "set" / "0002_b.sql").unlink()
    (tmp_path / "set" / "0003_c.sql").unlink()
    with pytest.raises(ResourceFailure, match="has version 0003, of which this checkout knows nothing"):
        migrations.apply(at, inputs(empty), {})


LEFT_OUT = ["1_short.sql", "0001-dash.sql", "0000_zero.sql", "0001_Upper.sql", "0002_a.SQL", "0002_a.sql.txt", "0002_a"]


@pytest.mark.parametrize("name", [*LEFT_OUT, "a.Sql", "0002_a．sql"])
def test_a_file_that_would_be_left_out_is_an_error(tmp_path: Path, name: str) -> None:
    files(tmp_path, v0001_base="SELECT 1")
    (tmp_path / "set" / name).write_text("SELECT 1")
    with pytest.raises(ResourceFailure, match="no name for a migration"):
        migrations_of("set", tmp_path)


def test_what_nobody_meant_for_a_migration_is_none(tmp_path: Path) -> None:
    files(tmp_path, v0001_base="SELECT 1")
    for name in ("README.md", ".0002_a.sql.swp", "0002_a.sql~", ".gitkeep"):
        (tmp_path / "set" / name).write_text("SELECT 1")
    assert [migration.label for migration in migrations_of("set", tmp_path)] == ["0001_base"]


def test_two_files_of_one_number_are_both_named(tmp_path: Path) -> None:
    files(tmp_path, v0001_base="SELECT 1", v0002_a="SELECT 2", v0002_b="SELECT 3", v0003_c="SELECT 4")
    with pytest.raises(
        ResourceFailure, match=r"0002 is taken twice, by 0002_a and by 0002_b: .* next free number 0004"
    ):
        migrations_of("set", tmp_path)


@pytest.mark.parametrize("name", ["missing", "../set", ""])
def test_a_set_is_one_of_the_folders(tmp_path: Path, name: str) -> None:
    files(tmp_path, v0001_base="SELECT 1")
    with pytest.raises(ResourceFailure, match="choose one of set"):
        migrations_of(name, tmp_path)


def test_runs_at_the_same_time_wait_for_each_other(at, server, empty: str, tmp_path: Path) -> None:
    slow = "SELECT pg_sleep(0.3); CREATE TABLE once (n int)"
    migrations = Migrations(files(tmp_path, v0001_slow=slow, v0002_more="SELECT 1"))
    errors = list[Exception]()

    def run() -> None:
        try:
            migrations.apply(at, inputs(empty), {})
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert versions(server, empty) == [1, 2]


def test_a_baseline_needs_no_file(at, server, empty: str, tmp_path: Path) -> None:
    migrations = Migrations(files(tmp_path))
    migrations.apply(at, inputs(empty), {})
    with server.connect(empty) as session:
        session.execute(REMEMBER, [BASELINE, "baseline", "x"])
    files(tmp_path, v0001_first="CREATE TABLE extra (n int)")
    assert migrations.apply(at, inputs(empty), {})["version"] == 1
    assert sorted(versions(server, empty)) == [0, 1]


def test_the_admin_set_applies_and_a_refresh_tells_what_is_missing(plugin, server, empty: str) -> None:
    wanted = migrations_of("admin", SETS)
    declared = {"database": empty, "set": "admin", "digest": "abc"}
    state = plugin.create("Migrations", declared)
    assert state.identity == f"{empty}/admin"
    assert state.outputs["version"] == wanted[-1].version
    assert plugin.read("Migrations", state).outputs == state.outputs
    assert plugin.diff("Migrations", state, declared) == ([], [])
    with server.connect(empty) as session:
        session.execute("DELETE FROM schema_migrations WHERE version = %s", [wanted[-1].version])
    state_ = plugin.read("Migrations", state)
    assert wanted[-1].label in state_.outputs["digest"]
    assert plugin.diff("Migrations", state_, declared) == (["digest"], [])
    plugin.delete("Migrations", state)
    assert versions(server, empty)


def test_a_database_that_is_gone_is_gone_in_a_refresh_and_an_error_in_an_update(plugin, refused) -> None:
    declared = {"database": "no_such_database", "set": "admin", "digest": "abc"}
    with refused("Migrations no_such_database/admin: connecting: there is no database no_such_database"):
        plugin.create("Migrations", declared)
    preview = plugin.create("Migrations", declared, preview=True)
    preview.identity = "no_such_database/admin"
    assert plugin.read("Migrations", preview) is None
