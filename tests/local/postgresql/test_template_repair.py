"""Making the template: idempotent, renewed when its files change, and repaired after a kill at any statement."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from local.postgresql import baseline
from local.postgresql.temporary import TemporaryServer
from tenantry.names import TEMPLATE_DATABASE

# Runs a renewal for a changed digest, and kills itself before its statement number N, in whichever session.
# Of the files (bytes, one after the other in one transaction) only the last counts.
KILLED = """
import os, signal, sys
import psycopg
from local.postgresql import baseline
port, password, digest, limit = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
plain, count = psycopg.Connection.execute, 0
last = sorted(baseline.FILES.glob('*.sql'))[-1].read_bytes()
def execute(*arguments, **options):
    global count
    count += not (isinstance(arguments[1], bytes) and arguments[1] != last)
    if count == limit:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(*arguments, **options)
psycopg.Connection.execute = execute
baseline._digest = lambda: digest
print(baseline.renew(port, password), count)
"""


def _databases(server: TemporaryServer) -> dict[str, tuple[bool, bool, str]]:
    """Name -> template, connections allowed, comment; of all that are not PostgreSQL's own."""
    with server.connect() as session:
        rows = session.execute(
            "SELECT datname, datistemplate, datallowconn, shobj_description(oid, 'pg_database') FROM pg_database "
            "WHERE datname NOT IN ('postgres', 'template0', 'template1')"
        ).fetchall()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _identity(server: TemporaryServer) -> int:
    with server.connect() as session:
        row = session.execute("SELECT oid::bigint FROM pg_database WHERE datname = %s", [TEMPLATE_DATABASE]).fetchone()
    assert row
    return int(row[0])


def _renew(server: TemporaryServer) -> str:
    return baseline.renew(server.port, server.password)


def _child(server: TemporaryServer, digest: str, limit: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", KILLED, str(server.port), server.password, digest, str(limit)]
    root = Path(baseline.__file__).parents[2]
    return subprocess.Popen(arguments, cwd=root, stdout=subprocess.PIPE, text=True)


def test_made_once_then_left_alone(own_server: TemporaryServer):
    assert _renew(own_server) == "made"
    first = _identity(own_server)
    assert _renew(own_server) == "current"
    assert _identity(own_server) == first


def test_nobody_gets_into_it_while_it_is_made(own_server: TemporaryServer, monkeypatch: pytest.MonkeyPatch):
    """Every clone would inherit a large object or a temporary schema that a tenant's login left in it."""
    with own_server.connect() as session:
        session.execute("CREATE ROLE stranger LOGIN PASSWORD 'x'")
    plain, got = psycopg.Connection.execute, list[str]()

    def execute(*arguments: Any, **options: Any) -> Any:
        done = plain(*arguments, **options)
        with suppress(psycopg.OperationalError):
            here = {"host": "127.0.0.1", "port": own_server.port, "user": "stranger", "password": "x"}
            psycopg.connect(dbname=baseline.DRAFT, sslmode="disable", **here).close()
            got.append(str(arguments[1])[:60])
        return done

    monkeypatch.setattr(psycopg.Connection, "execute", execute)
    assert _renew(own_server) == "made"
    assert got == []


def test_an_opened_template_is_closed_again(own_server: TemporaryServer):
    own_server.make_template()
    with own_server.connect() as session:
        session.execute(f"ALTER DATABASE {TEMPLATE_DATABASE} IS_TEMPLATE false ALLOW_CONNECTIONS true".encode())
    assert _renew(own_server) == "current"
    assert _databases(own_server)[TEMPLATE_DATABASE][:2] == (True, False)


def test_changed_files_renew_it_and_leave_clones_alone(own_server: TemporaryServer, monkeypatch: pytest.MonkeyPatch):
    own_server.make_template()
    first = _identity(own_server)
    with own_server.database("rent001", TEMPLATE_DATABASE) as clone:
        clone.execute("INSERT INTO channels (code, name, kind) VALUES ('own', 'x', 'online')")
        monkeypatch.setattr(baseline, "_digest", lambda: "changed")
        assert _renew(own_server) == "renewed"
        assert clone.execute("SELECT name FROM channels WHERE code = 'own'").fetchone() == ("x",)
    assert _identity(own_server) != first
    assert _databases(own_server) == {TEMPLATE_DATABASE: (True, False, "changed")}


@pytest.mark.parametrize("is_former", [False, True], ids=["platform's", "former"])
def test_a_migrated_template_is_never_replaced_by_an_older_one(
    own_server: TemporaryServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_former: bool
):
    own_server.make_template()
    first = _identity(own_server)
    with own_server.connect() as session:
        session.execute(f"ALTER DATABASE {TEMPLATE_DATABASE} ALLOW_CONNECTIONS true".encode())
        with own_server.connect(TEMPLATE_DATABASE) as inside:
            inside.execute("INSERT INTO tenantry_platform.schema_migrations VALUES (1, 'later', 'x')")
            if is_former:  # as releases before had made it
                inside.execute("ALTER TABLE tenantry_platform.schema_migrations SET SCHEMA public")
                inside.execute("DROP SCHEMA tenantry_platform")
    monkeypatch.setattr(baseline, "_digest", lambda: "changed")
    own_server.make_template()
    assert "bring the change as a migration" in caplog.text
    assert _identity(own_server) == first
    assert _databases(own_server)[TEMPLATE_DATABASE][:2] == (True, False)


def test_a_failing_file_leaves_the_former_template(
    own_server: TemporaryServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    own_server.make_template()
    former = _databases(own_server)
    broken = tmp_path / "template"
    broken.mkdir()
    (broken / "00_broken.sql").write_text("CREATE TABLE fine (id integer); CREATE NONSENSE;")
    with monkeypatch.context() as patch:
        patch.setattr(baseline, "FILES", broken)
        with pytest.raises(Exception, match="NONSENSE"):
            _renew(own_server)
        assert _databases(own_server)[TEMPLATE_DATABASE] == former[TEMPLATE_DATABASE]
    assert _renew(own_server) == "current"
    assert _databases(own_server) == former


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("kind", "first"), [("made", 1), ("renewed", 2)])
def test_killed_before_a_statement_the_next_start_completes_it(
    own_server: TemporaryServer, monkeypatch: pytest.MonkeyPatch, kind: str, first: int
):
    """Every second statement, up to a run that is not killed. While renewing there is always a whole template."""
    own_server.make_template()
    for limit in range(first, 100, 2):
        if kind == "made":
            _remove(own_server)
        digest = f"{kind}-{limit}"
        with _child(own_server, digest, limit) as child:
            out, _ = child.communicate(timeout=120)
        if child.returncode == 0:
            assert out.split()[0] == kind
            assert limit > 10
            break
        assert child.returncode == -signal.SIGKILL
        if kind == "renewed":
            assert _databases(own_server)[TEMPLATE_DATABASE][0]
        with monkeypatch.context() as patch:
            patch.setattr(baseline, "_digest", lambda digest=digest: digest)
            _renew(own_server)
        assert _databases(own_server) == {TEMPLATE_DATABASE: (True, False, digest)}, limit


def _remove(server: TemporaryServer) -> None:
    with server.connect() as session:
        for name in _databases(server):
            session.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.parametrize("name", [baseline.DRAFT, baseline.FORMER])
def test_what_an_interrupted_drop_has_left_is_removed(own_server: TemporaryServer, name: str):
    own_server.make_template()
    with own_server.connect() as session:
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        session.execute("UPDATE pg_database SET datconnlimit = -2 WHERE datname = %s", [name])
    assert _renew(own_server) == "current"
    assert set(_databases(own_server)) == {TEMPLATE_DATABASE}


@pytest.mark.parametrize("seconds", [0.3, 0.6, 0.9, 1.2])
def test_the_server_killed_meanwhile(own_server: TemporaryServer, monkeypatch: pytest.MonkeyPatch, seconds: float):
    with _child(own_server, "changed", -1) as child:
        time.sleep(seconds)
        own_server.kill()
        child.kill()
    own_server.start()
    monkeypatch.setattr(baseline, "_digest", lambda: "changed")
    _renew(own_server)
    assert _databases(own_server) == {TEMPLATE_DATABASE: (True, False, "changed")}
    with own_server.database("rent001", TEMPLATE_DATABASE) as clone:
        assert clone.execute("SELECT count(*) > 80 FROM pg_tables WHERE schemaname = 'public'").fetchone() == (True,)
