"""A tenant's administrator: an account in its own database, the same person among the platform's users, their relation.

Two databases and no transaction over both: each part is written where it is missing, so a run that was killed between
them is repeated as a whole. The password is of one use: it must be changed at the first login, and only while it was
never used may a repeated run give another. What a person has chosen is never touched.
"""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from provider.errors import error_context
from provider.systems.connections import Connections

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

# Letters and digits that nobody mistakes for others when reading them from a screen: 116 bits.
ALPHABET: Final = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH: Final = 20
ROUNDS: Final = 10  # 2^10, 60 ms: the cost protects what people choose; this is random, and lives until the first login
GROUP, KEY = "tenantry", "administrator"

# A person whom the platform knows keeps the password that is theirs, unless this tenant's opening gave it.
KNOWN_TO_THE_PLATFORM: Final = """
INSERT INTO global_users AS known (phone, password_hash, real_name, email, registration_source)
VALUES (%(phone)s, %(hash)s, %(contactName)s, %(contactEmail)s, 'admin')
ON CONFLICT (phone) DO UPDATE SET password_hash = EXCLUDED.password_hash
WHERE known.must_change_password AND known.last_login_at IS NULL AND known.registration_source = 'admin'
    AND NOT EXISTS (SELECT FROM global_user_tenant_relations
        WHERE global_user_id = known.id AND tenant_code <> %(tenant)s)
"""
PERSON: Final = "SELECT id FROM global_users WHERE phone = %(phone)s"
MADE: Final = """
INSERT INTO users (username, phone, email, real_name, password_hash, global_user_id, auth_source)
VALUES (%(username)s, %(phone)s, %(contactEmail)s, %(contactName)s, %(hash)s, %(person)s, 'unified')
ON CONFLICT DO NOTHING RETURNING id
"""
AGAIN: Final = """
UPDATE users SET password_hash = %(hash)s, global_user_id = coalesce(global_user_id, %(person)s)
WHERE (id = %(made)s OR %(made)s::bigint IS NULL AND username = %(username)s)
    AND password_changed_at IS NULL AND last_login_at IS NULL
RETURNING id
"""
ROLE: Final = """
INSERT INTO user_roles (user_id, role_id) SELECT %(user)s, id FROM roles WHERE code = 'tenant_admin'
ON CONFLICT DO NOTHING
"""
REMEMBER: Final = """
INSERT INTO system_config (group_key, config_key, value, description, is_readonly)
VALUES (%(group)s, %(key)s, to_jsonb(%(user)s::bigint), 'the administrator that the platform has made', true)
ON CONFLICT (group_key, config_key) DO NOTHING
"""
REMEMBERED: Final = (
    "SELECT (value #>> '{}')::bigint FROM system_config WHERE group_key = %(group)s AND config_key = %(key)s"
)
RELATION: Final = """
INSERT INTO global_user_tenant_relations (global_user_id, tenant_code, tenant_user_id, role_in_tenant)
VALUES (%(person)s, %(tenant)s, %(user)s, 'tenant_admin')
ON CONFLICT (global_user_id, tenant_code) DO UPDATE SET tenant_user_id = EXCLUDED.tenant_user_id
WHERE global_user_tenant_relations.tenant_user_id IS DISTINCT FROM EXCLUDED.tenant_user_id
"""
# Only where the value is still the one that we gave: what the tenant changed is the tenant's. A value that another of
# its users holds stays theirs: it must be unique, and the run must not fail over it for ever.
FOLLOW: Final = """
UPDATE users SET
    username = CASE
        WHEN EXISTS (SELECT FROM users AS other WHERE other.id <> users.id AND other.username = %(username)s)
        THEN username ELSE %(username)s END,
    phone = CASE WHEN phone IS NOT DISTINCT FROM %(old_phone)s
            AND NOT EXISTS (SELECT FROM users AS other WHERE other.id <> users.id AND other.phone = %(phone)s)
        THEN %(phone)s ELSE phone END,
    email = CASE WHEN email IS NOT DISTINCT FROM %(old_contactEmail)s
            AND NOT EXISTS (SELECT FROM users AS other
                WHERE other.id <> users.id AND lower(other.email) = lower(%(contactEmail)s))
        THEN %(contactEmail)s ELSE email END,
    real_name = CASE WHEN real_name = %(old_contactName)s THEN %(contactName)s ELSE real_name END
WHERE username = %(old_username)s
"""
# Until somebody has signed in it is an account and no person: it goes to the new contact.
FOLLOW_PERSON: Final = """
UPDATE global_users SET phone = %(phone)s, email = %(contactEmail)s, real_name = %(contactName)s
FROM global_user_tenant_relations AS related
WHERE related.global_user_id = global_users.id AND related.tenant_code = %(tenant)s AND phone = %(old_phone)s
    AND must_change_password AND global_users.last_login_at IS NULL AND registration_source = 'admin'
    AND NOT EXISTS (SELECT FROM global_users WHERE phone = %(phone)s AND phone <> %(old_phone)s)
"""


def generated() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def hashed(password: str) -> str:
    import bcrypt

    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()


def create_administrator(at: Connections, database: str, admin: str, tenant: str, given: Mapping[str, Any]) -> str:
    """Make what is missing; returns the password, empty when the account is in its owner's hands (or gone) by now.

    Without `admin`, the administration's database, there is no platform to know the person.
    """
    from provider.systems.postgresql import explain

    password = generated()
    values = {**given, "hash": hashed(password), "tenant": tenant, "person": None}
    with error_context("the platform's user", explain):
        if admin and given["phone"]:
            values["person"] = _person(at, admin, values)
    with (
        error_context("the administrator's account", explain),
        at.as_owner(database) as session,
        session.transaction(),
    ):
        user = _account(session, values)
    with error_context("the administrator's relation", explain):
        if user and values["person"]:
            with at.database(admin) as session:
                session.execute(RELATION, {**values, "user": user})
    return password if user else ""


def update_contact(at: Connections, admin: str, tenant: str, both: Mapping[str, Any]) -> None:
    """The platform's side of a changed contact."""
    from provider.systems.postgresql import explain

    if admin and both["phone"]:
        with error_context("the platform's user", explain), at.database(admin) as session:
            session.execute(FOLLOW_PERSON, {**both, "tenant": tenant})


def _person(at: Connections, admin: str, values: Mapping[str, Any]) -> int | None:
    with at.database(admin) as session:
        session.execute(KNOWN_TO_THE_PLATFORM, values)
        row = session.execute(PERSON, values).fetchone()
        return row[0] if row else None


def _account(session: "Session", values: Mapping[str, Any]) -> int | None:
    """An administrator whom the tenant has removed does not come back: that there was one is remembered."""
    place = {"group": GROUP, "key": KEY}
    before = session.execute(REMEMBERED, place).fetchone()
    made = None if before else session.execute(MADE, values).fetchone()
    user = made or session.execute(AGAIN, {**values, "made": before[0] if before else None}).fetchone()
    if user is None:
        return None
    session.execute(ROLE, {"user": user[0]})
    session.execute(REMEMBER, {**place, "user": user[0]})
    return int(user[0])
