"""A database at the newest version of a set of migrations."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from provider.connections import Connections
from provider.failure import Failure
from provider.failure import step as any_step
from provider.resources.base import Inputs, Kind, Resource

SETS: Final = Path(__file__).parents[1] / "migrations"
FILE: Final = re.compile(r"(?P<version>[0-9]{4})_(?P<name>[a-z0-9_]+)\.sql")
LOCK: Final = 0x7E4A4E7  # any number; one database's migrations run one after the other
BASELINE: Final = 0  # what a template was built from; it has no file in the set

RECORD: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


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


def migrations_of(set_name: str, sets: Path = SETS) -> list[Migration]:
    """The set's files in order; a file that would be left out, or two of one version, is an error."""
    folder = sets / set_name
    if not set_name.isidentifier() or not folder.is_dir():
        raise Failure(f"there is no set of migrations {set_name!r}", f"choose one of {names_of_sets(sets)}")
    found = dict[int, Migration]()
    for path in sorted(folder.glob("*.sql")):
        match = FILE.fullmatch(path.name)
        version = int(match["version"]) if match else BASELINE
        if match is None or version == BASELINE or version in found:
            raise Failure(
                f"{path.name} is no name for a migration", "name it NNNN_name.sql, each number once, from 0001"
            )
        found[version] = Migration(version, match["name"], path.read_bytes())
    return list(found.values())


def names_of_sets(sets: Path) -> str:
    return ", ".join(sorted(path.name for path in sets.iterdir() if path.is_dir())) or "none"


class Migrations(Resource):
    """Runs again when the digest changes. Nothing is ever undone: removing this resource leaves the database alone."""

    inputs: ClassVar[Mapping[str, Kind]] = {"database": "string", "set": "string", "digest": "string"}
    identifying: ClassVar[frozenset[str]] = frozenset({"database", "set"})
    computed: ClassVar[frozenset[str]] = frozenset({"version"})

    def __init__(self, sets: Path = SETS) -> None:
        self._sets = sets

    def identity(self, inputs: Inputs) -> str:
        return f"{inputs['database']}/{inputs['set']}"

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from provider.postgresql import Session, act_as_owner, explain

        step = partial(any_step, explain=explain)
        wanted = migrations_of(inputs["set"], self._sets)

        def run(session: Session, migration: Migration) -> None:
            with step(f"migration {migration.label}"), session.transaction():
                act_as_owner(session)
                session.execute(migration.text)
                session.execute(
                    "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)",
                    [migration.version, migration.name, migration.checksum],
                )

        with step("connecting"), at.database(inputs["database"]) as session:
            with step("waiting for another run's migrations"):
                session.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # ends with the session
                session.commit()
            with step("reading what was applied"), session.transaction():
                act_as_owner(session)
                session.execute(RECORD)
                applied = _applied(session)
            for migration in pending(wanted, applied):
                run(session, migration)
        return {**inputs, "version": wanted[-1].version if wanted else BASELINE}

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.postgresql import DatabaseMissing, explain

        database, _, set_name = identity.partition("/")
        wanted = migrations_of(set_name, self._sets)
        try:
            with any_step("reading what was applied", explain), at.database(database) as session:
                row = session.execute("SELECT to_regclass('public.schema_migrations')").fetchone()
                if row is None or row[0] is None:
                    return None
                applied = _applied(session)
        except DatabaseMissing:
            return None
        missing = [migration.label for migration in pending(wanted, applied)]
        digest = f"lacks {', '.join(missing)}" if missing else state.get("digest", "")
        return {"database": database, "set": set_name, "digest": digest, "version": max(applied, default=BASELINE)}

    def remove(self, at: Connections, state: Inputs) -> None:
        """Nothing: a schema is never taken back."""


def pending(wanted: list[Migration], applied: Mapping[int, str]) -> list[Migration]:
    """What is still to be run; Failure when the past is another one than the files tell."""
    known = {migration.version: migration for migration in wanted}
    for version, checksum in applied.items():
        if version == BASELINE:
            continue
        if version not in known:
            raise Failure(
                f"the database has version {version:04}, of which this checkout knows nothing",
                "use the checkout that the database was last migrated with, or a later one",
            )
        if known[version].checksum != checksum:
            raise Failure(
                f"{known[version].label} was changed after it had been applied",
                "restore the file as it was, and write the change as a new migration",
            )
    newest = max(applied, default=BASELINE)
    rest = [migration for migration in wanted if migration.version not in applied]
    for migration in rest:
        if migration.version < newest:
            raise Failure(
                f"{migration.label} is new, but {newest:04} has been applied already",
                "give it a number above all others",
            )
    return rest


def _applied(session: Any) -> dict[int, str]:
    return dict(session.execute("SELECT version, checksum FROM schema_migrations ORDER BY version").fetchall())
