"""The state that survives a kill: one SQLite table of JSON documents, and a file for each object body.

Every request commits once, before it is answered. A body file is complete and renamed before the document
that names it is committed; files no document names are removed at the next start.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class StateTakenError(Exception):
    """Another process has the state."""


class StateUnwritableError(Exception):
    """The disk did not take a change: what is in memory is no longer what a restart would find."""


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StateUnwritableError(f"the state cannot be written: {error}") from error


class Store:
    """Documents by kind and id, bodies by name. Not thread safe: the caller holds the lock."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held = _hold(directory / "lock")
        self.bodies = directory / "bodies"
        self.bodies.mkdir(mode=0o700, exist_ok=True)
        self._db = sqlite3.connect(directory / "state.sqlite", check_same_thread=False, isolation_level=None)
        (directory / "state.sqlite").chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        columns = "kind TEXT, id TEXT, doc TEXT, PRIMARY KEY (kind, id)"
        self._db.execute(f"CREATE TABLE IF NOT EXISTS documents ({columns})")
        self._doomed: list[str] = []

    def _change(self, statement: str, values: tuple[str, ...]) -> None:
        with _written():
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(statement, values)

    def put(self, kind: str, key: str, document: Document) -> None:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        self._change("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, text))

    def remove(self, kind: str, key: str) -> None:
        self._change("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, key))

    def commit(self) -> None:
        """Raises StateUnwritableError, as all that writes does; reading requests find nothing to commit."""
        with _written():
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        for name in self._doomed:
            (self.bodies / name).unlink(missing_ok=True)
        self._doomed.clear()

    def all(self, kind: str) -> Iterator[Document]:
        for (text,) in self._db.execute("SELECT doc FROM documents WHERE kind = ?", (kind,)).fetchall():
            yield json.loads(text)

    def write_body(self, body: bytes) -> str:
        name = uuid.uuid4().hex
        partial = self.bodies / f".{name}"
        with _written():
            partial.write_bytes(body)
            partial.rename(self.bodies / name)
        return name

    def read_body(self, name: str) -> bytes:
        return (self.bodies / name).read_bytes() if name else b""

    def drop_body(self, name: str) -> None:
        """Remove a body once the change that made it needless is committed."""
        if name:
            self._doomed.append(name)

    def sweep(self, used: set[str]) -> None:
        """Remove body files that no document names (left by a kill between file and commit)."""
        for path in self.bodies.iterdir():
            if path.name not in used:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        self.commit()
        self._db.close()
        os.close(self._held)


def _hold(path: Path) -> int:
    """Keeps every other process off the state: each holds all of it in memory, and would write over the other's."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise StateTakenError(f"another stand-in works on the state in {path.parent}: stop it first") from None
    return handle
