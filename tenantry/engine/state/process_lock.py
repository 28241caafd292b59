"""One `tenantry` at a time on a stack of this machine; other machines are held off by the engine's own lock."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tenantry.engine.errors import StackLocked


def key_of(backend: str, project: str, stack: str) -> str:
    """A short name for one stack in one state, fit for a file name."""
    return hashlib.sha256(f"{backend}\n{project}\n{stack}".encode()).hexdigest()[:16]


def run_directory(environment: Mapping[str, str]) -> Path:
    """The folder of run files: the instance's, else this user's runtime folder."""
    if local := environment.get("TENANTRY_LOCAL"):
        folder = Path(local) / "run"
    elif runtime := environment.get("XDG_RUNTIME_DIR"):
        folder = Path(runtime) / "tenantry"
    else:
        folder = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenantry" / "run"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextmanager
def exclusive(folder: Path, key: str, stack: str) -> Generator[None]:
    """Holds the stack for this process; the kernel releases it however the process ends."""
    path = folder / f"up-{key}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackLocked(f"another `tenantry` works on the stack `{stack}`{_whose(handle.read())}",
                         "wait for it to end") from None  # fmt: skip
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps({"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S %Z")}))
        handle.flush()
        yield


def _whose(text: str) -> str:
    try:
        holder: dict[str, Any] = json.loads(text)
        return f" (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):  # it has not written yet
        return ""
