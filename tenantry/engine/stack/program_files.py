"""The files that a run of any stack is made of: program, provider, policy pack and their dependencies."""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

FOLDERS: Final = ("components", "policies", "provider", "stacks", "tenantry")
FILES: Final = ("Pulumi.yaml", "pyproject.toml", "uv.lock")
EMBEDDED_FOLDER: Final = "local"  # engine and plugins of the embedded default


def is_program(path: str) -> bool:
    """Tells it of a path that begins at the project's folder."""
    return path in FILES or path.partition("/")[0] in FOLDERS


@cache
def program_digest(root: Path) -> str:
    """The digest of names and contents; what Python has compiled does not count."""
    total = hashlib.sha256()
    for path in sorted(_files(root)):
        content = path.read_bytes()
        total.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    yield from (root / name for name in FILES if (root / name).is_file())
    for folder in FOLDERS:
        for place, below, names in os.walk(root / folder):
            below[:] = [name for name in below if name != "__pycache__" and not name.startswith(".")]
            yield from (Path(place, name) for name in names if not name.startswith("."))
