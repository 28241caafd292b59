"""A tenant's first rows in its clone: the kindergarten, and an administrator who signs in through the platform."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from provider.connections import Connections
from provider.failure import Failure, step
from provider.resources.base import Inputs, Kind, Resource

if TYPE_CHECKING:
    from provider.postgresql import Session

# No hash of any password: nobody can sign in with one until the administrator has set one.
LOCKED: Final = "!"
GROUP, KEY = "tenantry", "seed"

KINDERGARTEN: Final = """
INSERT INTO kindergartens (code, name, phone, email, address)
VALUES (%(code)s, %(name)s, %(phone)s, %(contactEmail)s, %(address)s) ON CONFLICT DO NOTHING
"""
ADMINISTRATOR: Final = """
WITH made AS (
    INSERT INTO users (username, phone, email, real_name, password_hash, auth_source)
    VALUES (%(username)s, %(phone)s, %(contactEmail)s, %(contactName)s, %(locked)s, 'unified')
    ON CONFLICT DO NOTHING RETURNING id
)
INSERT INTO user_roles (user_id, role_id) SELECT made.id, roles.id FROM made, roles WHERE roles.code = 'tenant_admin'
ON CONFLICT DO NOTHING
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
FOLLOW_ADMINISTRATOR: Final = """
UPDATE users SET
    username = %(username)s,
    phone = CASE WHEN phone IS NOT DISTINCT FROM %(old_phone)s THEN %(phone)s ELSE phone END,
    email = CASE WHEN email IS NOT DISTINCT FROM %(old_contactEmail)s THEN %(contactEmail)s ELSE email END,
    real_name = CASE WHEN real_name = %(old_contactName)s THEN %(contactName)s ELSE real_name END
WHERE username = %(old_username)s
"""
REQUIRED: Final = ("code", "name")
OPTIONAL: Final = ("phone", "address", "contactEmail")


def values_of(kindergarten: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the rows; the administrator's name for signing in is the phone, or the code without one."""
    missing = [field for field in REQUIRED if not kindergarten.get(field)]
    if missing:
        raise Failure(f"the kindergarten has no {' and no '.join(missing)}", "give it in the tenant's file")
    required = {field: kindergarten[field] for field in REQUIRED}
    optional = {field: kindergarten.get(field) or None for field in OPTIONAL}
    return {
        **required,
        **optional,
        "contactName": kindergarten.get("contactName") or "",
        "username": optional["phone"] or required["code"],
    }


class Seed(Resource):
    """What was seeded last is remembered in the clone itself, so that a change of the file is told from the tenant's.

    Rows are inserted once. An administrator whom the tenant has removed does not come back.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {"database": "string", "kindergarten": "object"}
    identifying: ClassVar[frozenset[str]] = frozenset({"database"})

    def identity(self, inputs: Inputs) -> str:
        return str(inputs["database"])

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from psycopg.types.json import Jsonb

        from provider.postgresql import act_as_owner, explain

        given = values_of(inputs["kindergarten"])
        with step("seeding", explain), at.database(inputs["database"]) as session, session.transaction():
            act_as_owner(session)
            seeded = _seeded(session)
            if seeded is None:
                session.execute(KINDERGARTEN, given)
                session.execute(ADMINISTRATOR, {**given, "locked": LOCKED})
            elif seeded != inputs["kindergarten"]:
                both = given | {f"old_{field}": value for field, value in values_of(seeded).items()}
                session.execute(FOLLOW_KINDERGARTEN, both)
                session.execute(FOLLOW_ADMINISTRATOR, both)
            session.execute(REMEMBER, {"group": GROUP, "key": KEY, "value": Jsonb(inputs["kindergarten"])})
        return dict(inputs)

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.postgresql import DatabaseMissing, explain

        try:
            with step("reading what was seeded", explain), at.database(identity) as session:
                row = session.execute("SELECT to_regclass('public.system_config')").fetchone()
                seeded = _seeded(session) if row and row[0] else None
        except DatabaseMissing:
            return None
        return None if seeded is None else {"database": identity, "kindergarten": seeded}

    def remove(self, at: Connections, state: Inputs) -> None:
        """Nothing: the rows are the tenant's by now."""


def _seeded(session: "Session") -> dict[str, Any] | None:
    row = session.execute(
        "SELECT value FROM public.system_config WHERE group_key = %s AND config_key = %s", [GROUP, KEY]
    ).fetchone()
    return row[0] if row else None
