"""A database at the newest version of a set of migrations."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from provider.errors import ResourceFailure
from provider.errors import error_context as any_step
from provider.resources.base import Inputs, Kind, Resource
from provider.systems.connections import Connections
from tenantry.database import migrations as core
from tenantry.database.migrations import APPLIED, BASELINE, RECORD, REMEMBER, Migration, MigrationSetInvalid

SETS: Final = Path(__file__).parents[1] / "migrations"


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
        from provider.systems.postgresql import Session, explain

        step = partial(any_step, explain=explain)
        wanted = migrations_of(inputs["set"], self._sets)

        def run(session: Session, migration: Migration) -> None:
            with step(f"migration {migration.label}"), session.transaction():
                session.execute(migration.text)
                session.execute(REMEMBER, [migration.version, migration.name, migration.checksum])

        with step("connecting"), at.as_owner(inputs["database"]) as session:
            with step("reading what was applied"), session.transaction():
                session.execute(RECORD)
                applied = _applied(session)
            for migration in pending(wanted, applied):
                run(session, migration)
        return {**inputs, "version": wanted[-1].version if wanted else BASELINE}

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.systems.postgresql import DatabaseMissing, explain

        database, _, set_name = identity.partition("/")
        wanted = migrations_of(set_name, self._sets)
        try:
            with any_step("reading what was applied", explain), at.as_owner(database) as session:
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


def migrations_of(set_name: str, sets: Path = SETS) -> list[Migration]:
    with _fit():
        return core.migrations_of(set_name, sets)


def pending(wanted: list[Migration], applied: Mapping[int, str]) -> list[Migration]:
    with _fit():
        return core.pending(wanted, applied)


@contextmanager
def _fit() -> Generator[None, None, None]:
    try:
        yield
    except MigrationSetInvalid as unfit:
        raise ResourceFailure(unfit.reason, unfit.remedy) from None


def _applied(session: Any) -> dict[int, str]:
    return dict(session.execute(APPLIED).fetchall())
