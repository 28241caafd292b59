"""A folder in memory for what tests write, where the machine has one that is large enough.

Tests make and drop hundreds of databases, each of a thousand files. On ext4 the kernel then looks for an inode that was
not freed in the last five seconds, file by file: a third of the processor time of all tests.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

TEMPORARY: Final = "PYTEST_DEBUG_TEMPROOT"  # pytest's own variable for the folder above those of its runs
PLACE: Final = Path("/dev/shm")
GIB: Final = 1 << 30
NEEDED: Final = 8 * GIB  # a run writes 3 GiB
LEFT: Final = 8 * GIB  # memory that the instances themselves take


@contextmanager
def memory_folder(place: Path = PLACE, needed: int = NEEDED, left: int = LEFT) -> Generator[Path | None]:
    """Makes the folder and removes it at the end; None where there is no room, or where nothing there may be run.

    None as well where the caller has named a folder by `PYTEST_DEBUG_TEMPROOT`.
    """
    if TEMPORARY in os.environ or not _has_room(place, needed, left):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tenantry-tests-", dir=place, ignore_cleanup_errors=True) as name:
        yield Path(name) if _runs_programs(Path(name)) else None


def _has_room(place: Path, needed: int, left: int) -> bool:
    if not place.is_dir() or not os.access(place, os.W_OK):
        return False
    return shutil.disk_usage(place).free >= needed and psutil.virtual_memory().available >= needed + left


def _runs_programs(folder: Path) -> bool:
    """Tells whether a program in the folder may be run: containers mount theirs without."""
    script = folder / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o700)
    try:
        return subprocess.run([script], check=False).returncode == 0
    except PermissionError:
        return False
    finally:
        script.unlink()
