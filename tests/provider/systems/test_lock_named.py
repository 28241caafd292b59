"""A step that waits in vain in a database that others use too says who held what it waited for."""

import psycopg
import pytest

from local.postgresql.temporary import TemporaryServer
from provider.errors import ResourceFailure, error_context
from provider.systems import postgresql
from provider.systems.postgresql import Server, explain
from tenantry.database.sessions.watch import ADVICE


@pytest.mark.parametrize("mode", ["a row", "a table"])
def test_who_held_it_is_named(
    server: TemporaryServer, empty: str, settings, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(postgresql, "LOCK_TIMEOUT_S", 2)
    steps = Server.of(settings())
    with server.connect(empty) as holder:
        holder.execute("CREATE TABLE rows (n int); INSERT INTO rows VALUES (1)")
        with holder.transaction():
            holder.execute("SELECT * FROM rows FOR UPDATE" if mode == "a row" else "LOCK TABLE rows")
            said = rf"writing: canceling .*; held by tenantry \(process {holder.info.backend_pid},"
            with (
                pytest.raises(ResourceFailure, match=said) as raised,
                steps.session(empty) as session,
                error_context("writing", explain),
            ):
                session.execute("UPDATE rows SET n = 2")
        assert str(raised.value).count("run again") == 1
        with steps.session(empty) as session:
            session.execute("UPDATE rows SET n = 2")


def test_another_error_stays_as_it_is(server: TemporaryServer, empty: str, settings) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable), Server.of(settings()).session(empty) as session:
        session.execute("SELECT FROM nothing_of_this_name")


def test_words_that_name_the_holder_need_no_second_advice() -> None:
    """As a watched step raises them, before the provider explains the error."""
    named = explain(psycopg.errors.LockNotAvailable(f"canceling statement; held by rent001_a (process 7): {ADVICE}"))
    unnamed = explain(psycopg.errors.LockNotAvailable("canceling statement"))
    assert named is not None
    assert unnamed is not None
    assert (named.remedy, "pg_locks" in unnamed.remedy) == ("", True)
