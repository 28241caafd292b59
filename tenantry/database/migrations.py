"""Versioned migrations: files in order, and what of them a database still lacks.

A set is a folder of `NNNN_name.sql`, each number once. A file that was applied is never changed again: its checksum
stands in the database's `schema_migrations`, and a difference is refused.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = re.compile(r"(?P<version>[0-9]{4})_(?P<name>[a-z0-9_]+)\.sql")
BASELINE: Final = 0  # what a template was built from; it has no file in the set
TENANTS: Final = "template"  # the set of the template and of everything that was cloned from it
FOLDER: Final = Path("provider") / "migrations"  # in the checkout

RECORD: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""
APPLIED: Final = "SELECT version, checksum FROM schema_migrations ORDER BY version"
REMEMBER: Final = "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)"


class MigrationSetInvalid(Exception):
    """Files or a past that no migration can go on from: what is wrong, and what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}: {remedy}")
        self.reason, self.remedy = reason, remedy


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    text: bytes

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text).hexdigest()

    @property
    def label(self) -> str:
        return f"{self.version:04}_{self.name}"


def migrations_of(set_name: str, sets: Path) -> list[Migration]:
    """The set's files in order; a file that would be left out, or two of one version, is Unfit."""
    folder = sets / set_name
    if not set_name.isidentifier() or not folder.is_dir():
        raise MigrationSetInvalid(
            f"there is no set of migrations {set_name!r}", f"choose one of {_names_of_sets(sets)}"
        )
    by_version = dict[int, Migration]()
    matches = {path: FILE.fullmatch(path.name) for path in sorted(folder.iterdir()) if _is_meant(path.name)}
    for path, match in matches.items():
        version = int(match["version"]) if match else BASELINE
        if match is None or version == BASELINE:
            raise MigrationSetInvalid(
                f"{path.name} is no name for a migration", "name it NNNN_name.sql, each number once, from 0001"
            )
        migration = Migration(version, match["name"], path.read_bytes())
        if version in by_version:
            free = 1 + max(int(other["version"]) for other in matches.values() if other)
            raise MigrationSetInvalid(
                f"the number {version:04} is taken twice, by {by_version[version].label} and by {migration.label}",
                f"give the one that no database has had yet the next free number {free:04}",
            )
        by_version[version] = migration
    return list(by_version.values())


def _is_meant(name: str) -> bool:
    """Tells whether somebody meant a migration, also by a name that none has: `0003_a.SQL`, `0003_a.sql.txt`."""
    is_editors = name.startswith(".") or name.endswith("~")
    return not is_editors and (name[0].isdigit() or name.lower().endswith(".sql"))


def unfit_sets(sets: Path) -> Iterator[tuple[Path, MigrationSetInvalid]]:
    """The folders below `sets` that no run could use, each with the first reason."""
    for folder in sorted(path for path in sets.glob("*/") if path.name.isidentifier()):
        try:
            migrations_of(folder.name, sets)
        except MigrationSetInvalid as unfit:
            yield folder, unfit


def pending(wanted: Sequence[Migration], applied: Mapping[int, str]) -> list[Migration]:
    """The migrations still to be run; raises MigrationSetInvalid when the past is another one than the files tell."""
    known = {migration.version: migration for migration in wanted}
    for version, checksum in applied.items():
        if version == BASELINE:
            continue
        if version not in known:
            raise MigrationSetInvalid(
                f"the database has version {version:04}, of which this checkout knows nothing",
                "use the checkout that the database was last migrated with, or a later one",
            )
        if known[version].checksum != checksum:
            raise MigrationSetInvalid(
                f"{known[version].label} was changed after it had been applied",
                "restore the file as it was, and write the change as a new migration",
            )
    newest = max(applied, default=BASELINE)
    rest = [migration for migration in wanted if migration.version not in applied]
    for migration in rest:
        if migration.version < newest:
            raise MigrationSetInvalid(
                f"{migration.label} is new, but {newest:04} has been applied already",
                "give it a number above all others",
            )
    return rest


def _names_of_sets(sets: Path) -> str:
    return ", ".join(sorted(path.name for path in sets.glob("*/"))) or "none"
