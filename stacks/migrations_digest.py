"""A digest of a set of migrations: a change of it makes the step run."""

import hashlib
from pathlib import Path


def digest_of(folder: Path) -> str:
    """The digest of names and contents in order. Raises FileNotFoundError for an empty set: it would pass as up to
    date.
    """
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise FileNotFoundError(f"no migrations in {folder.name}/")
    total = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        total.update(f"{file.name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()
