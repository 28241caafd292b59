"""The cache of builds: its place, its keys, and the lock that keeps two builders out of each other's way.

A build lives in `<cache>/<name>-<key>/`; the key is the content of everything that it is made from, so that a changed
input is a new folder and an unchanged one is never built twice. A folder appears by one rename, complete or not at all.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path


def cache_root() -> Path:
    """`$TENANTRY_CACHE`, else `$XDG_CACHE_HOME/tenantry`, else `~/.cache/tenantry`."""
    if own := os.environ.get("TENANTRY_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenantry"


def key_of(base: Path, sources: Iterable[Path], *facts: str) -> str:
    """Twelve hexadecimal digits over the facts and over place (below `base`) and content of every source file."""
    digest = hashlib.sha256("\0".join(facts).encode())
    for source in sorted(sources):
        content = source.read_bytes()
        digest.update(f"\0{source.relative_to(base)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def lock(path: Path, waiting: str) -> Iterator[None]:
    """Holds an exclusive lock; says `waiting` when somebody else has it. The kernel frees it when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(waiting, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def appearing(final: Path) -> Iterator[Path]:
    """A scratch folder that becomes `final` when the block ends well, and vanishes when it does not."""
    final.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        scratch.rename(final)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
