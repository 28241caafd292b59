"""Errors of a backup, in one sentence with a remedy. No parameter, connection string or row gets in here."""

import importlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg

from tenantry.engine.process.deferred_imports import defer
from tenantry.engine.run.remedies import remedy_of
from tenantry.parsing.faults import printable

defer("oss2")  # a third of the start of whoever imports this, and few of them come to use it
oss2: Any = importlib.import_module("oss2")  # carries no types


class BackupError(Exception):
    """A problem and its remedy. Tables and objects are called as their tenant likes: no line is broken by that."""

    def __init__(self, problem: str, remedy: str, *, passing: bool = False) -> None:
        problem = printable(problem)
        super().__init__(f"{problem}: {remedy}")
        self.problem, self.remedy, self.passing = problem, remedy, passing


class HalfDoneError(BackupError):
    """Raised where something was changed before the failure."""


def to_user_error(error: Exception) -> BackupError | None:
    """PostgreSQL's and OSS's errors by their code and primary message; None for what is a fault of ours."""
    if isinstance(error, BackupError):
        return error
    if isinstance(error, psycopg.Error):
        message = error.diag.message_primary or str(error).splitlines()[0]
        passing = error.sqlstate is None or error.sqlstate[:2] in ("08", "40", "53", "57")
        remedy = remedy_of(message) or "correct this and run again"
        return BackupError(f"PostgreSQL: {' '.join(message.split())}", remedy, passing=passing)
    if isinstance(error, oss2.exceptions.RequestError):
        return BackupError("no answer from object storage", "check network and proxy, and run again", passing=True)
    if isinstance(error, oss2.exceptions.OssError):
        oss: Any = error
        passing = oss.status in (429, 500, 502, 503, 504)
        return BackupError(
            f"object storage: {oss.code or f'HTTP {oss.status}'} {oss.message or ''}".strip(),
            "allow the key to read the tenants' buckets and to use the backup bucket, and run again",
            passing=passing,
        )
    if isinstance(error, OSError):
        return BackupError(f"{error.strerror or error}", "free or repair the local disk, and run again")
    return None


@contextmanager
def error_context(doing: str) -> Generator[None, None, None]:
    """Whatever fails inside is told as failing while `doing`; our own bugs pass as they are."""
    try:
        yield
    except Exception as error:
        known = to_user_error(error)
        if known is None:
            raise
        if known is error and (known.problem.startswith(doing) or type(known) is not BackupError):
            raise  # a kind of its own says enough
        raise BackupError(f"{doing}: {known.problem}", known.remedy, passing=known.passing) from error
