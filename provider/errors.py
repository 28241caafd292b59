"""Errors of a failed step in the user's words, and which of them are tried again."""

import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

DELAYS_S: Final = (0.2, 0.5, 1.0, 2.0, 4.0)  # 8 s in all: a server's restart, a burst of throttling


class ResourceFailure(Exception):
    """A step that failed. Holds no secret: neither parameters nor connection strings get in here."""

    def __init__(self, reason: str, remedy: str, *, passing: bool = False, step: str = "") -> None:
        super().__init__(reason, remedy)
        self.reason, self.remedy, self.passing, self.step = " ".join(reason.split()).rstrip("."), remedy, passing, step
        self.subject = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.subject, self.step, self.reason, self.remedy) if part)


@contextmanager
def error_context(name: str, explain: Callable[[Exception], ResourceFailure | None]) -> Generator[None, None, None]:
    """Errors inside are told as this step's; `explain` knows the errors of one system, all others are our own bugs."""
    try:
        yield
    except ResourceFailure as failure:
        failure.step = failure.step or name
        raise
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        failure.step = name
        raise failure from error


def retry(attempt: Callable[[], T]) -> T:
    """Call until it works or fails for good; every operation of ours may be repeated as a whole."""
    for delay in DELAYS_S:
        try:
            return attempt()
        except ResourceFailure as failure:
            if not failure.passing:
                raise
            time.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries, guards nothing
    return attempt()
