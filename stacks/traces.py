"""How much of the program's own call stack the engine is told with each resource."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

# The SDK's own frames at the registration, and the two or three above them that say which component it is of.
FRAMES: Final = 8


@contextmanager
def short_traces() -> Generator[None]:
    """While it is open, resources are registered with the top of the stack alone.

    The SDK sends every frame down to the interpreter's first, and the engine writes them into the state with each
    resource: a quarter of the file, written anew at every step of an up, and the same eight lines of the language host
    for each. Python's own limit on traces bounds it. An exception that leaves is shown whole: the limit ends here.
    """
    before = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = FRAMES
    try:
        yield
    finally:
        if before is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = before
