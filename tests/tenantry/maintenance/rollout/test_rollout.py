"""A schema reaches the template, the test site and the tenants in this order, stops at a failure and goes on from
there."""

from collections.abc import Generator
from typing import Any

import pytest

from tenantry.database import migration_record
from tenantry.database.migrations import MigrationSetInvalid
from tenantry.engine.clients.postgresql import DatabaseUnavailable, Server
from tenantry.engine.errors import StackLocked
from tenantry.maintenance.rollout import apply
from tenantry.maintenance.rollout.apply import refuse_own_transactions
from tenantry.maintenance.rollout.rollout import State
from tenantry.maintenance.rollout.targets import is_open
from tenantry.names import TEMPLATE_DATABASE

ONE = "CREATE TABLE one (id bigint PRIMARY KEY)"
BREAKS_ON_THE_SECOND = """
CREATE TABLE two (id bigint PRIMARY KEY);
ALTER TABLE kindergartens ADD CONSTRAINT named CHECK (name <> 'nameless')
"""
ALL = ["template", "test site", "k001", "k002", "k003"]


def states(results: Any) -> dict[str, tuple[str, int]]:
    return {result.label: (str(result.state), result.after) for result in results}


def test_everything_is_brought_to_the_newest_in_order(rollout: Any, written: Any, server: Server, admin: Any) -> None:
    wanted = written(v0001_one=ONE, v0002_two="ALTER TABLE one ADD n int")
    results = list(rollout(wanted).run())
    assert [target.label for target in results] == ALL
    assert states(results) == dict.fromkeys(ALL, ("migrated", 2))
    with server.session("rent003") as session:
        assert list(migration_record.applied(session)) == [0, 1, 2]
    assert admin.execute("SELECT DISTINCT schema_version FROM tenants").fetchall() == [(2,)]
    rows = admin.execute("SELECT coalesce(tenant_code, ''), result, after ->> 'version' FROM audit_logs").fetchall()
    assert sorted(rows) == [("", "success", "2")] * 2 + [(code, "success", "2") for code in ALL[2:]]


def test_twice_is_once(rollout: Any, written: Any, admin: Any) -> None:
    wanted = written(v0001_one=ONE)
    list(rollout(wanted).run())
    assert states(rollout(wanted).run()) == dict.fromkeys(ALL, ("current", 1))
    assert admin.execute("SELECT count(*) FROM audit_logs").fetchone() == (5,)


@pytest.fixture
def broken(server: Server) -> None:
    """A tenant whose data the second migration does not take."""
    with server.session("rent002") as session:
        session.execute("INSERT INTO kindergartens (code, name) VALUES ('k002', 'nameless')")


def test_a_failure_leaves_that_database_as_it_was_and_a_later_run_goes_on(
    rollout: Any, written: Any, server: Server, admin: Any, broken: None
) -> None:
    wanted = written(v0001_one=ONE, v0002_two=BREAKS_ON_THE_SECOND)
    results = states(rollout(wanted).run())
    assert results["k001"] == ("migrated", 2)
    assert results["k002"] == ("failed", 1)
    assert results["k003"] == ("migrated", 2)
    with server.session("rent002") as session:
        assert session.execute("SELECT to_regclass('one'), to_regclass('two')").fetchone() == ("one", None)
        failed = admin.execute("SELECT tenant_code, error_message FROM audit_logs WHERE result = 'failed'").fetchall()
        assert failed[0][0] == "k002"
        assert failed[0][1].startswith("0002_two: check constraint")
        assert "SQLSTATE 23514" in failed[0][1]
        versions = "SELECT tenant_id, schema_version FROM tenants ORDER BY 1"
        assert admin.execute(versions).fetchall() == [("k001", 2), ("k002", 1), ("k003", 2)]
        session.execute("UPDATE kindergartens SET name = 'named'")
    after = states(rollout(wanted).run())
    assert after["k001"] == ("current", 2)
    assert (after["k002"], after["k003"]) == (("migrated", 2), ("current", 2))
    assert admin.execute(versions).fetchall() == [("k001", 2), ("k002", 2), ("k003", 2)]


def test_what_the_template_does_not_take_reaches_nobody(rollout: Any, written: Any, server: Server) -> None:
    results = states(rollout(written(v0001_bad="CREATE TABLE half (n int); SELECT 1 / 0")).run())
    assert results == {"template": ("failed", 0)} | dict.fromkeys(ALL[1:], ("behind", 0))
    assert not is_open(server)


def test_waves_begin_with_one_and_a_run_may_stop_after_some(rollout: Any, written: Any) -> None:
    wanted = written(v0001_one=ONE)
    assert states(rollout(wanted, waves=0).run())["k001"] == ("behind", 0)
    assert states(rollout(wanted, waves=1).run()) == {
        "template": ("current", 1),
        "test site": ("current", 1),
        "k001": ("migrated", 1),
        "k002": ("behind", 0),
        "k003": ("behind", 0),
    }
    assert states(rollout(wanted, wave=1, waves=1).run())["k002"] == ("migrated", 1)


def test_no_further_than_told(rollout: Any, written: Any) -> None:
    wanted = written(v0001_one=ONE, v0002_two="CREATE TABLE two (n int)")
    assert set(states(rollout(wanted, to=1).run()).values()) == {("migrated", 1)}
    looked = list(rollout(wanted).look())
    assert {(look.state, look.pending) for look in looked} == {(State.BEHIND, ("0002_two",))}


def test_a_look_changes_nothing(rollout: Any, written: Any, server: Server) -> None:
    wanted = written(v0001_one=ONE)
    assert states(rollout(wanted).look()) == dict.fromkeys(ALL, ("behind", 0))
    assert states(rollout(wanted).look()) == dict.fromkeys(ALL, ("behind", 0))
    assert not is_open(server)


def test_a_new_clone_has_the_templates_version(rollout: Any, written: Any, server: Server, running: Any) -> None:
    list(rollout(written(v0001_one=ONE)).run())
    with running.database("fresh", TEMPLATE_DATABASE) as session:
        assert list(migration_record.applied(session)) == [0, 1]
        assert session.execute("SELECT to_regclass('one')").fetchone() == ("one",)


def test_a_past_that_was_changed_is_refused(rollout: Any, written: Any) -> None:
    list(rollout(written(v0001_one=ONE)).run())
    results = list(rollout(written(v0001_one=ONE + " ")).run())
    assert results[0].state is State.FAILED
    assert "was changed after it had been applied" in results[0].error
    assert len(results) == len(ALL)


def test_a_template_left_open_is_closed(rollout: Any, written: Any, server: Server, running: Any) -> None:
    with running.connect() as session:
        session.execute(f"ALTER DATABASE {TEMPLATE_DATABASE} WITH ALLOW_CONNECTIONS true".encode())
    assert is_open(server)
    list(rollout(written(v0001_one=ONE)).look())
    assert not is_open(server)


def test_a_migration_gives_way_to_who_holds_the_table_and_comes_again(
    rollout: Any, written: Any, server: Server, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "LOCK_TIMEOUT_S", 1)
    wanted = written(v0001_one="ALTER TABLE kindergartens ADD n int")
    with server.session("rent001") as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE kindergartens IN ACCESS SHARE MODE")
        timer = later(2.5, lambda: holder.execute("COMMIT"))
        assert states(rollout(wanted).run())["k001"] == ("migrated", 1)
        timer.join()


def test_a_table_that_stays_held_fails_only_that_tenant(
    rollout: Any, written: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "LOCK_TIMEOUT_S", 2)
    monkeypatch.setattr(apply, "TRIES", 1)
    with server.session("rent001") as holder, holder.transaction():
        number = holder.info.backend_pid
        holder.execute("LOCK TABLE kindergartens IN ACCESS SHARE MODE")
        results = list(rollout(written(v0001_one="ALTER TABLE kindergartens ADD n int")).run())
    assert results[2].state is State.FAILED
    assert "55P03" in results[2].error
    assert f"held by tenantry (process {number}," in results[2].error
    assert [result.state for result in results[3:]] == [State.MIGRATED, State.MIGRATED]


def test_one_rollout_at_a_time(rollout: Any, written: Any) -> None:
    wanted = written(v0001_one=ONE)
    first = rollout(wanted).run()
    next(first)
    with pytest.raises(StackLocked):
        next(rollout(wanted).run())
    assert len(list(first)) == len(ALL) - 1


def test_nobody_looks_beside_a_rollout(rollout: Any, written: Any, server: Server) -> None:
    first = rollout(written(v0001_one=ONE)).run()
    next(first)
    with pytest.raises(StackLocked):
        next(rollout(written(v0001_one=ONE)).look())
    list(first)


def test_a_tenant_that_is_being_opened_is_no_wave(rollout: Any, written: Any, admin: Any) -> None:
    admin.execute("INSERT INTO tenant_init_steps (tenant_id, step_name, step_order) VALUES ('k001', 'database', 3)")
    results = states(rollout(written(v0001_one=ONE), waves=1).run())
    assert [results[code][0] for code in ("k001", "k002", "k003")] == ["opening", "migrated", "behind"]


def test_a_tenant_that_is_being_opened_waits(rollout: Any, written: Any, admin: Any) -> None:
    admin.execute("INSERT INTO tenant_init_steps (tenant_id, step_name, step_order) VALUES ('k002', 'database', 3)")
    results = states(rollout(written(v0001_one=ONE)).run())
    assert results["k002"] == ("opening", None)
    assert results["k003"] == ("migrated", 1)


@pytest.fixture
def somebody(running: Any) -> Generator[str]:
    """Owns rent001 and its schema, as a tenant's role does; all is the provisioner's again at the end."""
    with running.connect() as session:
        session.execute("CREATE ROLE somebody")
        session.execute("ALTER DATABASE rent001 OWNER TO somebody")
    with running.connect("rent001") as inside:
        inside.execute("ALTER SCHEMA public OWNER TO somebody")
    yield "somebody"
    with running.connect() as session:
        session.execute("ALTER DATABASE rent001 OWNER TO tenantry")
    with running.connect("rent001") as inside:
        inside.execute("REASSIGN OWNED BY somebody TO tenantry")
    with running.connect() as session:
        session.execute("DROP ROLE somebody")


def test_what_a_migration_makes_belongs_to_the_databases_owner(
    rollout: Any, written: Any, server: Server, running: Any, somebody: str
) -> None:
    with running.connect() as session:
        session.execute(f"GRANT {somebody} TO tenantry")
    list(rollout(written(v0001_one=ONE)).run())
    with server.session("rent001") as session:
        owner = session.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'one'").fetchone()
    assert owner == (somebody,)


OWN_TRANSACTIONS = {
    "COMMIT;": 1,
    "begin;": 1,
    "SELECT 1;\n  ROLLBACK;": 2,
    "commit": 1,
    "CREATE TABLE a (x int); COMMIT;": 1,
    "SELECT ';\n' AS \";\"; -- END;\n/* x;\n*/ END": 4,
    "SELECT e'\\';'; ABORT": 1,
    "START TRANSACTION": 1,
    "PREPARE TRANSACTION 'x'": 1,
}


@pytest.mark.parametrize("text", OWN_TRANSACTIONS)
def test_a_file_that_ends_its_transaction_is_refused(written: Any, text: str) -> None:
    with pytest.raises(MigrationSetInvalid, match=f"0001_one:{OWN_TRANSACTIONS[text]}: .*leave transactions"):
        refuse_own_transactions(written(v0001_one=text))


def test_one_that_is_applied_already_is_not_refused(rollout: Any, written: Any, running: Any) -> None:
    wanted = written(v0001_one="CREATE TABLE one (x int); COMMIT")
    assert [result.state for result in rollout(wanted).run()][:2] == [State.FAILED] * 2
    names = [TEMPLATE_DATABASE, "kargerdensales_test", "rent001", "rent002", "rent003"]
    with running.connect() as session:
        session.execute(f"ALTER DATABASE {TEMPLATE_DATABASE} WITH ALLOW_CONNECTIONS true".encode())
    for name in names:
        with running.connect(name) as inside:
            migration_record.remember(inside, inside, wanted[0])
    assert set(states(rollout(wanted).look()).values()) == {("current", 1)}


def test_a_file_that_ends_its_transaction_all_the_same_is_told(rollout: Any, written: Any, running: Any) -> None:
    hidden = "CREATE TABLE half (x int); /* /* */ ' */ COMMIT; CREATE TABLE other (x int) --'"
    results = list(rollout(written(v0001_one=hidden)).run())
    assert (results[0].state, results[1].state) == (State.FAILED, State.BEHIND)
    assert "ended its own transaction" in results[0].error


def test_a_migration_runs_with_the_tenants_rights(
    rollout: Any, written: Any, server: Server, running: Any, somebody: str
) -> None:
    with running.connect("rent001") as inside:
        inside.execute(f"ALTER TABLE kindergartens OWNER TO {somebody}")
        inside.execute("INSERT INTO kindergartens (code, name) VALUES ('k001', 'one')")
        inside.execute(f"""
            SET ROLE {somebody};
            CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN SET ROLE NONE; EXECUTE 'CREATE ROLE stolen SUPERUSER'; RETURN NEW; END $$;
            CREATE TRIGGER trap BEFORE UPDATE ON kindergartens FOR EACH ROW EXECUTE FUNCTION trap()""")
    results = list(rollout(written(v0001_one="UPDATE kindergartens SET name = 'two'")).run())
    assert results[2].state is State.FAILED
    assert "42501" in results[2].error
    with running.connect() as session:
        assert session.execute("SELECT FROM pg_roles WHERE rolname IN ('stolen', 'somebody_m')").fetchall() == []


def test_the_body_of_a_function_may_begin(written: Any) -> None:
    refuse_own_transactions(
        written(v0001_one="CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\nRETURN 1; END $$")
    )
    refuse_own_transactions(
        written(v0002_two="CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; END; PREPARE one AS SELECT 1")
    )


def test_without_a_template_nothing_begins(rollout: Any, written: Any, server: Server, running: Any) -> None:
    with running.connect() as session:
        session.execute(f"ALTER DATABASE {TEMPLATE_DATABASE} RENAME TO away".encode())
        try:
            with pytest.raises(DatabaseUnavailable, match="no template"):
                list(rollout(written(v0001_one=ONE)).run())
        finally:
            session.execute(f"ALTER DATABASE away RENAME TO {TEMPLATE_DATABASE}".encode())


def test_an_error_tells_no_row(rollout: Any, written: Any, server: Server) -> None:
    with server.session("rent001") as session:
        session.execute("INSERT INTO kindergartens (code, name) VALUES ('a', 'a secret name'), ('b', 'a secret name')")
    results = list(rollout(written(v0001_one="CREATE UNIQUE INDEX ON kindergartens (name)")).run())
    assert results[2].state is State.FAILED
    assert "a secret name" not in results[2].error
