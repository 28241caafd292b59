"""A tenant's tampering with its own database stops its own migration at most, never another's, and is told as it is."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from tenantry.engine.clients.postgresql import Server
from tenantry.engine.errors import CommandError
from tenantry.maintenance.rollout import apply
from tenantry.maintenance.rollout.rollout import State
from tests.support.owner_powers import exercise

ONE = "CREATE TABLE one (id bigint PRIMARY KEY)"
TWO = "CREATE TABLE two (id bigint PRIMARY KEY)"
Tenant = Callable[[str], Connection]


def states(results: Any) -> dict[str, tuple[str, int | None]]:
    return {result.label: (str(result.state), result.after) for result in results}


def recorded(admin: Any) -> dict[str, int | None]:
    return dict(admin.execute("SELECT tenant_id, schema_version FROM tenants ORDER BY 1").fetchall())


# What a tenant may do to its database so that it does not take a migration, and words of what is told.
OWN = {
    "a table of the name": (TWO, "0002_two: relation"),
    "a schema of the former name": (
        "CREATE TABLE schema_migrations (version int); INSERT INTO schema_migrations VALUES (999);" + TWO,
        "0002_two: relation",
    ),
}


def test_rows_that_a_tenant_hides_from_its_own_login_are_not_passed_over_in_silence(
    rollout: Any, written: Any, tenant: Tenant
) -> None:
    list(rollout(written(v0001_one=ONE)).run())
    session = tenant("k002")
    session.execute("INSERT INTO one VALUES (1); ALTER TABLE one ENABLE ROW LEVEL SECURITY")
    session.execute("ALTER TABLE one FORCE ROW LEVEL SECURITY")
    results = list(rollout(written(v0001_one=ONE, v0002_two="UPDATE one SET id = id + 100")).run())
    assert states(results)["k003"] == ("migrated", 2)
    failed = next(target for target in results if target.label == "k002")
    assert (failed.state, failed.stops) == (State.FAILED, False)
    assert 'row-level security policy for table "one"' in failed.error
    session.execute("ALTER TABLE one NO FORCE ROW LEVEL SECURITY")
    assert states(rollout(written()).run())["k002"] == ("migrated", 2)
    assert session.execute("SELECT id FROM one").fetchall() == [(101,)]


@pytest.mark.parametrize(("statement", "words"), OWN.values(), ids=OWN)
def test_what_a_tenant_made_of_its_database_stops_no_other(
    rollout: Any, written: Any, tenant: Tenant, admin: Any, statement: str, words: str
) -> None:
    list(rollout(written(v0001_one=ONE)).run())
    tenant("k002").execute(statement.encode())
    results = list(rollout(written(v0001_one=ONE, v0002_two=TWO)).run())
    failed = next(target for target in results if target.label == "k002")
    assert (failed.state, failed.stops) == (State.FAILED, False)
    assert words in failed.error
    assert {target.label: target.state for target in results if target.label != "k002"} == dict.fromkeys(
        ("template", "test site", "k001", "k003"), State.MIGRATED
    )
    assert recorded(admin) == {"k001": 2, "k002": 1, "k003": 2}
    again = states(rollout(written()).run())  # it stays on the list, and stops nobody then either
    assert again["k002"][0] == "failed"


def test_the_first_tenants_failure_is_the_migrations(rollout: Any, written: Any, tenant: Tenant) -> None:
    tenant("k001").execute(ONE.encode())
    results = list(rollout(written(v0001_one=ONE)).run())
    assert [(target.label, target.stops) for target in results if target.error] == [("k001", True)]
    assert states(results)["k002"] == states(results)["k003"] == ("behind", 0)


def test_one_that_is_left_out_does_not_stop_the_others(rollout: Any, written: Any, tenant: Tenant) -> None:
    tenant("k001").execute(ONE.encode())
    results = states(rollout(written(v0001_one=ONE), skip=["k001"]).run())
    assert results["k001"] == ("skipped", None)
    assert results["k002"] == results["k003"] == ("migrated", 1)


def test_what_another_tenant_has_taken_before_is_the_first_ones_own(rollout: Any, written: Any, tenant: Tenant) -> None:
    tenant("k001").execute(ONE.encode())
    list(rollout(written(v0001_one=ONE), skip=["k001", "k003"]).run())
    results = list(rollout(written(v0001_one=ONE)).run())
    assert [(target.label, target.stops) for target in results if target.error] == [("k001", False)]
    assert states(results)["k003"] == ("migrated", 1)


def test_a_wave_that_fails_alike_is_the_migrations(
    rollout: Any, written: Any, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.maintenance.rollout.rollout.MANY", 1)
    tenant("k002").execute(ONE.encode())
    results = list(rollout(written(v0001_one=ONE), wave=1).run())
    assert [(target.label, target.stops) for target in results if target.error] == [("k002", True)]
    assert states(results)["k003"] == ("behind", 0)


def test_only_these(rollout: Any, written: Any, owned: None) -> None:
    wanted = written(v0001_one=ONE)
    assert states(rollout(wanted, only=["k003"]).run()) == dict.fromkeys(
        ("template", "test site", "k003"), ("migrated", 1)
    )
    assert states(rollout(wanted).look())["k001"] == ("behind", 0)
    with pytest.raises(CommandError, match="k009"):
        list(rollout(wanted, only=["k009"]).run())
    with pytest.raises(CommandError, match="k009"):
        list(rollout(wanted, skip=["k009"]).run())


def test_whatever_an_owner_may_do_stops_no_migration(rollout: Any, written: Any, tenant: Tenant) -> None:
    list(rollout(written(v0001_one=ONE)).run())
    exercise(tenant("k002"), "rent002")
    results = list(rollout(written(v0001_one=ONE, v0002_two=TWO)).run())
    assert [target.error for target in results if target.error] == []
    assert states(results)["k002"] == ("migrated", 2)


# What a tenant may hold in its own database: it keeps it until its session ends.
HELD = {
    "the number that migrations had": "SELECT pg_advisory_lock(132424935)",
    "every number": "SELECT pg_advisory_lock(n) FROM generate_series(1, 100) AS n",
    "a table of the migration": "CREATE TABLE held (n int); BEGIN; LOCK TABLE held",
    "its login": "BEGIN; CREATE TABLE mine (n int); GRANT SELECT ON mine TO rent002_a",
}
WAITING = {"a table of the migration"}


@pytest.mark.parametrize("statement", HELD.values(), ids=HELD)
def test_what_a_tenant_holds_lets_nobody_wait_for_ever(
    rollout: Any, written: Any, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setattr(apply, "LOCK_TIMEOUT_S", 2)
    monkeypatch.setattr(apply, "TRIES", 1)
    holder = tenant("k002")
    holder.execute(statement.encode())
    wanted = written(v0001_one=f"{ONE}; CREATE TABLE IF NOT EXISTS held (n int); ALTER TABLE held ADD m int")
    results = {result.label: result for result in rollout(wanted).run()}
    assert results["k001"].state is results["k003"].state is State.MIGRATED
    if statement in (HELD[name] for name in WAITING):
        assert results["k002"].state is State.FAILED
        assert f"held by rent002_a (process {holder.info.backend_pid}," in results["k002"].error
    else:
        assert results["k002"].state is State.MIGRATED


def test_code_of_a_tenant_that_never_ends_is_ended(rollout: Any, written: Any, tenant: Tenant) -> None:
    tenant("k002").execute("""
        CREATE FUNCTION forever() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN SET lock_timeout = 0; SET statement_timeout = 0; LOOP
                BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;
            END LOOP; END $$;
        INSERT INTO kindergartens (code, name) VALUES ('k002', 'one');
        CREATE TRIGGER forever BEFORE UPDATE ON kindergartens FOR EACH ROW EXECUTE FUNCTION forever()""")
    wanted = written(v0001_one="UPDATE kindergartens SET name = 'two'")
    results = {result.label: result for result in rollout(wanted, limit_s=3).run()}
    assert results["k002"].state is State.FAILED
    assert "it took longer than 3 s and was ended" in results["k002"].error
    assert results["k003"].state is State.MIGRATED


def test_a_tenant_that_holds_every_connection_is_migrated_all_the_same(
    rollout: Any, written: Any, tenant: Tenant, running: Any
) -> None:
    held = [tenant("k002") for _ in range(5)]
    with pytest.raises(Exception, match="too many connections"):
        tenant("k002")
    assert set(states(rollout(written(v0001_one=ONE)).run()).values()) == {("migrated", 1)}
    with running.connect() as session:
        limit = session.execute("SELECT datconnlimit FROM pg_database WHERE datname = 'rent002'").fetchone()
    assert limit == (5,)
    assert all(record.execute("SELECT 1").fetchone() == (1,) for record in held)


@pytest.mark.parametrize("limit", [0, 1])
def test_one_that_lets_nobody_in_is_migrated_too(rollout: Any, written: Any, tenant: Tenant, limit: int) -> None:
    tenant("k002").execute(f"ALTER DATABASE rent002 CONNECTION LIMIT {limit}".encode())
    assert set(states(rollout(written(v0001_one=ONE)).run()).values()) == {("migrated", 1)}


def test_what_cannot_be_asked_is_not_known_and_not_recorded(
    rollout: Any, written: Any, tenant: Tenant, running: Any, admin: Any
) -> None:
    list(rollout(written(v0001_one=ONE)).run())
    with running.connect() as session:
        session.execute("UPDATE pg_database SET datallowconn = true, datconnlimit = -2 WHERE datname = 'rent002'")
    try:
        results = {result.label: result for result in rollout(written(v0001_one=ONE, v0002_two=TWO)).run()}
    finally:
        with running.connect() as session:
            session.execute("UPDATE pg_database SET datconnlimit = 5 WHERE datname = 'rent002'")
    assert (results["k002"].state, results["k002"].before, results["k002"].after) == (State.FAILED, None, None)
    assert results["k003"].state is State.MIGRATED
    assert recorded(admin) == {"k001": 2, "k002": 1, "k003": 2}


def test_a_server_that_is_gone_is_no_tenants_trouble(rollout: Any, written: Any, owned: None, server: Server) -> None:
    from tenantry.engine.clients.postgresql import DatabaseUnavailable

    away = Server(server.host, "1", server.user, server.password, server.sslmode)
    with pytest.raises(DatabaseUnavailable):
        list(type(rollout([]))(away, rollout(written(v0001_one=ONE)).plan, lambda _: None).run())
