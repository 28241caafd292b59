"""A tenant's first rows: the kindergarten in its clone, and an administrator there and among the platform's users."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from provider.errors import ResourceFailure, error_context
from provider.resources.base import Inputs, Kind, Resource
from provider.resources.onboarding import Onboarding
from provider.resources.rows import administrator, administrators
from provider.systems.connections import Connections
from tenantry.database import migration_record
from tenantry.database.migrations import BASELINE, MigrationSetInvalid
from tenantry.database.onboarding_steps import ADMINISTRATOR, SCHEMA

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

GROUP, KEY = "tenantry", "seed"

KINDERGARTEN: Final = """
INSERT INTO kindergartens (code, name, phone, email, address)
VALUES (%(code)s, %(name)s, %(phone)s, %(contactEmail)s, %(address)s) ON CONFLICT DO NOTHING
"""
REMEMBER: Final = """
INSERT INTO system_config (group_key, config_key, value, description, is_readonly)
VALUES (%(group)s, %(key)s, %(value)s, 'what the platform has seeded last', true)
ON CONFLICT (group_key, config_key) DO UPDATE SET value = EXCLUDED.value WHERE system_config.value <> EXCLUDED.value
"""
# Only where the value is still the one that we gave: what the tenant changed is the tenant's.
FOLLOW_KINDERGARTEN: Final = """
UPDATE kindergartens SET
    name = CASE WHEN name = %(old_name)s THEN %(name)s ELSE name END,
    phone = CASE WHEN phone IS NOT DISTINCT FROM %(old_phone)s THEN %(phone)s ELSE phone END,
    email = CASE WHEN email IS NOT DISTINCT FROM %(old_contactEmail)s THEN %(contactEmail)s ELSE email END,
    address = CASE WHEN address IS NOT DISTINCT FROM %(old_address)s THEN %(address)s ELSE address END
WHERE code = %(code)s
"""
REQUIRED: Final = ("code", "name")
OPTIONAL: Final = ("phone", "address", "contactEmail")


def values_of(kindergarten: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the rows; the administrator's name for signing in is the phone, or the code without one."""
    missing = [field for field in REQUIRED if not kindergarten.get(field)]
    if missing:
        raise ResourceFailure(f"the kindergarten has no {' and no '.join(missing)}", "give it in the tenant's file")
    required = {field: kindergarten[field] for field in REQUIRED}
    optional = {field: kindergarten.get(field) or None for field in OPTIONAL}
    return {
        **required,
        **optional,
        "contactName": kindergarten.get("contactName") or "",
        "username": optional["phone"] or required["code"],
    }


class Seed(Resource):
    """The first rows of a tenant. The clone itself remembers them, so that a change of the file is told from the
    tenant's.

    Two steps of an opening in one resource, recorded apart: the default data, and the administrator, whose password of
    one use is an encrypted output and stands nowhere else. Rows are inserted once. Further administrators come and go.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {
        "database": "string",
        "kindergarten": "object",
        "administrators": "object",  # by id; beside the one who is the kindergarten's contact
        "opening": "object",
    }
    optional: ClassVar[frozenset[str]] = frozenset({"administrators", "opening"})
    identifying: ClassVar[frozenset[str]] = frozenset({"database"})
    computed: ClassVar[frozenset[str]] = frozenset({"password", "passwords"})
    secret: ClassVar[frozenset[str]] = frozenset({"password", "passwords"})

    def identity(self, inputs: Inputs) -> str:
        return str(inputs["database"])

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        given, opening, database = values_of(inputs["kindergarten"]), Onboarding.of(at, inputs), inputs["database"]
        with opening.step(SCHEMA):
            opening.schema_version(self._seed(at, opening, inputs, given))
        with opening.step(ADMINISTRATOR):
            password = before.get("password")
            if password is None:
                password = administrator.create_administrator(at, database, opening.database, opening.tenant, given)
            people: administrators.People = inputs.get("administrators") or {}
            first: Mapping[str, str] = before.get("passwords") or {}
            if people or before.get("administrators"):
                first = administrators.keep(at, database, opening.database, opening.tenant, people, first)
        return {**inputs, "password": password, "passwords": first}

    def _seed(self, at: Connections, opening: Onboarding, inputs: Inputs, given: Mapping[str, Any]) -> int:
        """The schema's version.

        The platform's side of a change goes first: killed between the two, the clone still remembers the old values.
        """
        from psycopg.types.json import Jsonb

        from provider.systems.postgresql import explain

        kindergarten = inputs["kindergarten"]
        with error_context("seeding", explain), at.as_owner(inputs["database"]) as session, session.transaction():
            seeded = _seeded(session)
            if seeded is None:
                session.execute(KINDERGARTEN, given)
            elif seeded != kindergarten:
                both = {**given, **{f"old_{field}": value for field, value in values_of(seeded).items()}}
                session.execute(FOLLOW_KINDERGARTEN, both)
                session.execute(administrator.FOLLOW, both)
                administrator.update_contact(at, opening.database, opening.tenant, both)
            session.execute(REMEMBER, {"group": GROUP, "key": KEY, "value": Jsonb(kindergarten)})
            former = migration_record.former(session)
        return _version(at, inputs["database"], [row[0] for row in former])

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.systems.postgresql import DatabaseMissing, explain

        try:
            with error_context("reading what was seeded", explain), at.as_owner(identity) as session:
                row = session.execute("SELECT to_regclass('public.system_config')").fetchone()
                seeded = _seeded(session) if row and row[0] else None
                people = administrators.listed(administrators.remembered(session)) if seeded is not None else {}
        except DatabaseMissing:
            return None
        if seeded is None:
            return None
        return {
            **{key: state[key] for key in ("opening",) if key in state},
            **({"administrators": people} if people or "administrators" in state else {}),
            "database": identity,
            "kindergarten": seeded,
        }

    def remove(self, at: Connections, state: Inputs) -> None:
        """Nothing: the rows are the tenant's by now."""


def _version(at: Connections, database: str, former: Sequence[int]) -> int:
    """`former` are the versions in the tenant's own table, for a database that has no other record yet."""
    from provider.systems.postgresql import explain

    with error_context("reading its version", explain), at.catalogs(database) as session:
        try:
            return max(
                migration_record.applied(session) if migration_record.is_there(session) else former, default=BASELINE
            )
        except MigrationSetInvalid as unfit:
            raise ResourceFailure(unfit.reason, unfit.remedy) from None


def _seeded(session: "Session") -> dict[str, Any] | None:
    row = session.execute(
        "SELECT value FROM public.system_config WHERE group_key = %s AND config_key = %s", [GROUP, KEY]
    ).fetchone()
    return row[0] if row else None
