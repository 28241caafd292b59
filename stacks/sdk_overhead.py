"""Messages of the SDK to the engine that nobody reads: left out, since every up pays for them."""

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pulumi

DEBUG: Final = "TENANTRY_DEBUG"
# The SDK's own frames at the registration, and the two or three above them that say which component it is of.
FRAMES: Final = 8


def disable_sdk_debug_log(environment: Mapping[str, str]) -> None:
    """Keeps the SDK's debug messages in this process, unless TENANTRY_DEBUG is set (for `pulumi up --debug`).

    Each is a call that the program waits for, four a resource: a quarter of an up with nothing to do.
    """
    if not environment.get(DEBUG):
        pulumi.log.debug = _nothing


def _nothing(*_: Any, **__: Any) -> None:
    pass


@contextmanager
def limit_stack_traces() -> Generator[None]:
    """Registers resources with the top of the stack alone while the context is open.

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
