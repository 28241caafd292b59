"""The data directory: made once, whole or not at all."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from local.postgresql.account import data_argument, named_account, server_account
from local.postgresql.binaries import SWITCH, server_directory
from local.postgresql.connection import ADMIN, PostgresqlError


def data_of(data_dir: Path) -> Path:
    """The server's own directory below the service's (which stays the manager's, closed to others)."""
    return data_dir / "data"


def prepare(data_dir: Path, port: int, password: str) -> None:
    """Make the cluster unless it is there; `password` becomes the administrator's and must be kept by the caller.

    The cluster does not depend on `port`: that may change from start to start.
    """
    del port
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = data_of(data_dir)
    for left_over in data_dir.glob("draft.*"):  # of an interrupted attempt, whose initdb may still be at work in it
        shutil.rmtree(left_over, ignore_errors=True)
    if data.exists():
        _check_release(data)
        return
    draft = Path(tempfile.mkdtemp(prefix="draft.", dir=data_dir))
    _initialise(draft, password)
    os.sync()  # what initdb would do file by file, which takes 2.5 s: no renaming before the content is on the disk
    (draft / "data").rename(data)
    shutil.rmtree(draft)


def _initialise(draft: Path, password: str) -> None:
    data, secret = draft / "data", draft / "password"
    data.mkdir(mode=0o700)
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    borrowed = named_account()
    if borrowed:
        borrowed.take(draft)
    done = subprocess.run(
        [
            server_directory() / "initdb",
            f"--pgdata={data_argument(data)}",
            f"--username={ADMIN}",
            "--pwfile=../password",  # relative to the data directory, for the reason given in data_argument
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
            "--no-sync",
        ],
        cwd=data,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        user=borrowed.uid if borrowed else None,
        group=borrowed.gid if borrowed else None,
        extra_groups=[] if borrowed else None,
    )
    secret.unlink()
    if done.returncode:
        raise PostgresqlError(f"postgresql: initdb failed with {done.returncode}: {done.stderr.strip()[-2000:]}")
    account = server_account()
    if account:
        account.take(data)


def _check_release(data: Path) -> None:
    """A server reads only data of its own major release."""
    program = server_directory() / "postgres"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, env={})
    if done.returncode:
        raise PostgresqlError(f"postgresql: {program} does not run: {done.stderr.strip()[-2000:]}")
    # "postgres (PostgreSQL) 16.14" and additions of distributors after that
    programs, made = done.stdout.split()[2].split(".")[0], (data / "PG_VERSION").read_text().strip()
    if programs != made:
        raise PostgresqlError(
            f"postgresql: {data} was made by release {made}, the programs are of {programs}: choose the same as before "
            f"({SWITCH}), or remove the data and start afresh"
        )
