"""Ctrl-C while attempts run: remembered, not raised.

Raised in the middle of the pool's own work it would leave a future locked, and the thread that holds its result would
wait for that lock without end.
"""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def deferred_sigint() -> Generator[Callable[[], bool]]:
    """A question: was there a Ctrl-C since? None in threads, which get no signals, and where the caller ignores it."""
    asked: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield lambda: False
        return
    signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
