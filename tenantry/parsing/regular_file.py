"""Reading a file that must be an ordinary one: never through a link, from a pipe or without a bound."""

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from tenantry.parsing.faults import FieldError

LARGEST: Final = 64 * 1024  # bytes; a tenant file is about one thousand

_KINDS: Final = (
    (stat.S_ISLNK, "is a symbolic link"),
    (stat.S_ISDIR, "is a directory"),
    (stat.S_ISFIFO, "is a named pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)

_READ: ContextVar[dict[Path, bytes] | None] = ContextVar("files that were read", default=None)


@contextmanager
def reading_once() -> Generator[None]:
    """Within it each file is read once: whoever asks for it again gets the same bytes, whatever became of the file."""
    token = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(token)


def read_regular(path: Path) -> bytes:
    """The file's bytes. Raises FieldError for what is no regular file of a sensible size, or cannot be read."""
    known = _READ.get()
    if known is None:
        return _content(path)
    place = path.absolute()
    if place not in known:
        known[place] = _content(path)
    return known[place]


def _content(path: Path) -> bytes:
    """The file's bytes.

    Looks before it opens (opening a pipe waits, opening a device may act) and again at what it has opened,
    since the name may stand for something else by then.
    """
    try:
        _refuse_other(os.lstat(path).st_mode)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _refuse_other(os.fstat(descriptor).st_mode)
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise FieldError(f"cannot be read ({error.strerror})", "make it a readable file") from None
    if len(content) > LARGEST:
        raise FieldError(f"is larger than {LARGEST // 1024} KiB", "keep only the tenant's fields in it")
    return content


def _refuse_other(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    what = next((text for is_kind, text in _KINDS if is_kind(mode)), "is no regular file")
    raise FieldError(what, "put a regular file in its place")
