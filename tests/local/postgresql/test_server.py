"""The running server: who it is, where it listens, and what a crash leaves."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from local import postgresql
from local.postgresql.account import server_account
from local.postgresql.launch import ORPHANS_SECONDS
from local.postgresql.settings import SETTINGS
from local.postgresql.temporary import TemporaryServer


def _processes(server: TemporaryServer) -> list[psutil.Process]:
    assert server.process
    postmaster = psutil.Process(server.process.pid)
    return [postmaster, *postmaster.children(recursive=True)]


def test_no_process_of_it_is_root(server: TemporaryServer):
    users: set[int] = set()
    for process in _processes(server):
        with suppress(psutil.NoSuchProcess):  # workers come and go
            users.add(process.uids().effective)
    assert users
    assert 0 not in users


def test_the_instance_may_lie_in_a_closed_directory(server: TemporaryServer):
    """A closed directory makes the start as root hard; pytest's own directories are closed like an instance."""
    assert any(parent.stat().st_mode & 0o077 == 0 for parent in server.directory.parents)


def test_it_listens_on_the_loopback_address_alone(server: TemporaryServer):
    listening = [c.laddr for c in _processes(server)[0].net_connections("all") if c.status == psutil.CONN_LISTEN]
    assert {(address.ip, address.port) for address in listening} == {("127.0.0.1", server.port)}
    assert not [c for c in _processes(server)[0].net_connections("unix") if c.laddr]


def test_every_setting_is_in_force(server: TemporaryServer):
    with server.connect() as session:
        rows = session.execute(
            "SELECT lower(name), source FROM pg_settings WHERE lower(name) = ANY(%s)", [list(SETTINGS)]
        ).fetchall()
    assert dict(rows) == dict.fromkeys(SETTINGS, "command line")


def test_clones_speak_utf8(server: TemporaryServer):
    with server.connect() as session:
        row = session.execute("SELECT pg_encoding_to_char(encoding), upper('ä') FROM pg_database LIMIT 1").fetchone()
    assert row == ("UTF8", "Ä")


def test_a_wrong_password_is_told_and_not_shown(server: TemporaryServer):
    with pytest.raises(postgresql.PostgresqlError, match="password") as caught:
        postgresql.ready(server.port, "a-wrong-one")
    assert "a-wrong-one" not in str(caught.value)
    assert server.password not in str(caught.value)


def test_nobody_there_is_not_ready(tmp_path: Path):
    assert postgresql.ready(TemporaryServer(tmp_path).port, "x") is False


def test_the_log_holds_no_password_of_a_failing_statement(server: TemporaryServer):
    with server.connect() as session, pytest.raises(psycopg.errors.SyntaxError):
        session.execute("CREATE ROLE someone LOGIN PASSWORD 'sentinel-in-a-statement' NONSENSE")
    with server.connect() as session:
        session.execute("DO $$ BEGIN RAISE WARNING 'the end of the log'; END $$")
    assert "the end of the log" in server.log.read_text()
    assert "sentinel-in-a-statement" not in server.log.read_text()


def test_a_session_does_not_hold_up_the_stop(own_server: TemporaryServer):
    with own_server.connect() as session:
        session.execute("SELECT 1")
        started = time.monotonic()
        own_server.stop()
    assert time.monotonic() - started < 20


def test_data_survives_kill_9_under_a_working_session(own_server: TemporaryServer):
    with own_server.connect() as session:
        session.execute("CREATE TABLE kept AS SELECT 7 AS number")
    busy = (
        f"import psycopg; s = psycopg.connect(host='127.0.0.1', port={own_server.port}, user='tenantry', "
        f"password={own_server.password!r}, dbname='postgres'); print(flush=True); "
        "s.execute('SELECT count(*) FROM generate_series(1, 30000000)')"
    )
    with subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout
        child.stdout.readline()
        time.sleep(0.2)
        own_server.kill()
        own_server.start()
        child.kill()
    with own_server.connect() as session:
        assert session.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_lock_whose_process_id_now_belongs_to_a_stranger(own_server: TemporaryServer):
    """A restarted container soon gives the old process id to another process of the same user."""
    own_server.kill()
    account = server_account()
    with subprocess.Popen(["sleep", "600"], user=account.uid if account else None, cwd="/") as stranger:
        try:
            lock = own_server.directory / "data" / "postmaster.pid"
            rest = lock.read_text().split("\n", 1)[1]
            lock.write_text(f"{stranger.pid}\n{rest}")
            own_server.start()
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_second_server_on_the_same_data_is_refused(own_server: TemporaryServer):
    line = postgresql.command(own_server.directory, TemporaryServer(own_server.log.parent).port)
    second = subprocess.run(
        line,
        env=os.environ | postgresql.environment(),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=ORPHANS_SECONDS - 5,  # at once, not after a wait for orphans
        check=False,
    )
    assert second.returncode != 0
    assert "postmaster.pid" in second.stderr
    assert postgresql.ready(own_server.port, own_server.password)
