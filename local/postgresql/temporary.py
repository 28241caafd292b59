"""A server for the length of a test or a measurement, driven the way the manager drives the instance's."""

import os
import secrets
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from psycopg import Connection
from psycopg.rows import TupleRow

from local.postgresql.baseline import after_start
from local.postgresql.cluster import prepare
from local.postgresql.connection import PostgresqlError, connect, ready
from local.postgresql.launch import STOP_SIGNAL, command, environment
from local.shared.ports import free

START_SECONDS = 120.0

UNSAFE = ("-c", "full_page_writes=off")
"""Its data need not outlive the machine, only the server's own end: on a busy disk that is most of a test's time."""


class TemporaryServer:
    """A context manager: inside it the server runs, on a free port, with its data below `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "postgresql"
        self.log = directory / "postgresql.log"
        self.password = secrets.token_urlsafe(24)
        self.port = free()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "TemporaryServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when the server answers; the template is not made."""
        prepare(self.directory, self.port, self.password)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command(self.directory, self.port), *UNSAFE],
                env=os.environ | environment(),
                cwd="/",
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + START_SECONDS
        while not ready(self.port, self.password):
            if self.process.poll() is not None or time.monotonic() > end:
                raise PostgresqlError(f"the temporary server does not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def make_template(self) -> None:
        after_start(self.port, self.password)

    def stop(self) -> None:
        """Stops it like the manager: fast shutdown, data complete on the disk."""
        if self.process:
            self.process.send_signal(STOP_SIGNAL)
            self.process.wait(60)
            self.process = None

    def kill(self) -> None:
        """Like a crash: the server is gone at once, what it had in memory is lost."""
        if self.process:
            self.process.kill()
            self.process.wait(60)
            self.process = None

    def connect(self, database: str = "postgres") -> Connection[TupleRow]:
        """A session of the administrator."""
        return connect(self.port, self.password, database)

    @contextmanager
    def database(self, name: str, template: str = "template0") -> Generator[Connection[TupleRow]]:
        """A database for the length of the block, and a session in it."""
        with self.connect() as session:
            session.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
            try:
                with self.connect(name) as inside:
                    yield inside
            finally:
                session.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
