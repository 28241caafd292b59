"""Progress of work on many objects, reported now and then: it can take hours."""

import time
from collections.abc import Callable
from typing import Final

SECONDS: Final = 2.0  # between two lines


def counter(name: str, total: int, say: Callable[[str], None]) -> Callable[[], None]:
    """To be called after each object."""
    count, next_at = 0, time.monotonic() + SECONDS

    def tick() -> None:
        nonlocal count, next_at
        count += 1
        if time.monotonic() >= next_at:
            next_at = time.monotonic() + SECONDS
            say(f"{name}: {count} of {total} objects")

    return tick
