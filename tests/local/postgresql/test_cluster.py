"""The data directory: made once, whole or not at all, for the account that runs the server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from local import postgresql
from local.postgresql import binaries
from local.postgresql.account import server_account
from local.postgresql.binaries import server_directory
from local.postgresql.temporary import TemporaryServer

PASSWORD = "a-password-that-no-file-may-hold"


def test_a_second_preparation_changes_nothing(tmp_path: Path):
    postgresql.prepare(tmp_path / "pg", 1, PASSWORD)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    postgresql.prepare(tmp_path / "pg", 2, "another password and port")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_password_is_in_no_file(tmp_path: Path):
    postgresql.prepare(tmp_path / "pg", 1, PASSWORD)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 500
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


def test_the_data_is_closed_to_others_and_never_root_s(tmp_path: Path):
    postgresql.prepare(tmp_path / "pg", 1, PASSWORD)
    assert (tmp_path / "pg").stat().st_mode & 0o077 == 0
    assert (tmp_path / "pg" / "data").stat().st_mode & 0o077 == 0
    assert {path.stat().st_uid == 0 for path in (tmp_path / "pg" / "data").rglob("*")} == {False}


@pytest.mark.parametrize("reached", ["draft.*", "draft.*/**/postgresql.conf", "draft.*/**/pg_control"])
def test_killed_while_preparing(tmp_path_factory: pytest.TempPathFactory, reached: str):
    tmp_path = tmp_path_factory.mktemp("killed")
    for _ in range(5):  # the last step may be over before the signal comes
        tmp_path = tmp_path_factory.mktemp("killed")
        _kill_at(tmp_path, reached)
        if list(tmp_path.glob("draft.*")):
            break
    assert list(tmp_path.glob("draft.*")), "killed too late to leave anything"
    server = TemporaryServer(tmp_path.parent / f"{tmp_path.name}-server")
    server.directory, server.password = tmp_path, "x"
    server.log.parent.mkdir()
    with server, server.connect() as session:
        assert session.execute("SELECT current_user").fetchone() == ("tenantry",)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def _kill_at(tmp_path: Path, reached: str) -> None:
    line = f"import pathlib; from local import postgresql; postgresql.prepare(pathlib.Path({str(tmp_path)!r}), 1, 'x')"
    child = subprocess.Popen([sys.executable, "-c", line], env=os.environ | postgresql.environment())
    while not any(tmp_path.glob(reached)):
        time.sleep(0.01)
    orphans = psutil.Process(child.pid).children(recursive=True)
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    psutil.wait_procs(orphans, 30)  # what it had started may still write


def test_data_of_another_release_is_refused_and_kept(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(postgresql.PostgresqlError, match="release 9"):
        postgresql.prepare(tmp_path, 1, PASSWORD)
    assert (tmp_path / "data" / "PG_VERSION").read_text() == "9\n"


def _version_as_the_server(directory: Path) -> str:
    account = server_account()
    return subprocess.run(
        [directory / "postgres", "--version"],
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_the_server_s_account_can_run_its_programs():
    assert "PostgreSQL" in _version_as_the_server(server_directory())


def test_programs_out_of_reach_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A work tree below root's home: its environment is closed to every other account."""
    package = binaries.binary("postgres").parents[2]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in (package.name, f"{package.name}.libs"):
        subprocess.run(["cp", "-a", package.parent / name, closed / name], check=True)
    (closed / package.name / "pginstall" / "bin" / "postgres").chmod(0o700)
    copies = Path("/tmp") / f"tenantry-test-{os.getpid()}"
    monkeypatch.setattr(binaries, "_directory", lambda: closed / package.name / "pginstall" / "bin")
    monkeypatch.setattr(binaries, "READABLE", copies)
    try:
        assert "PostgreSQL" in _version_as_the_server(server_directory())
        made = {path: path.stat().st_mtime_ns for path in copies.rglob("*")}
        assert "PostgreSQL" in _version_as_the_server(server_directory())
        assert {path: path.stat().st_mtime_ns for path in copies.rglob("*")} == made, "copied twice"
        assert not [path for path in copies.glob("*.*") if path.is_dir()], "a draft was left"
    finally:
        subprocess.run(["rm", "-rf", copies], check=True)


def test_a_server_on_path_is_used_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("postgres", "psql"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("TENANTRY_POSTGRESQL", "system")
    assert binaries.binary("psql") == tmp_path / "psql"


@pytest.mark.parametrize(("choice", "remedy"), [("system", "add its bin directory to PATH"), ("none", "say embedded")])
def test_a_choice_that_cannot_be_met_is_refused(
    choice: str, remedy: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TENANTRY_POSTGRESQL", choice)
    with pytest.raises(postgresql.PostgresqlError, match=remedy):
        binaries.binary("psql")


def test_a_missing_program_is_named():
    with pytest.raises(postgresql.PostgresqlError, match="no-such-program"):
        binaries.binary("no-such-program")
