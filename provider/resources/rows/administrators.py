"""A tenant's further administrators: each gets an account and loses it without the others' being touched.

An account is that of a phone. Where the tenant has a user of that phone already, it gets the role and nothing else of
it changes. Who is taken off the list loses what was given: the role, and the account where nothing else is left to it.
Nothing is deleted, so who comes back finds the account and its own password again. What was given is remembered in the
clone; the platform's side goes by the tenant's code, so that what a tenant writes there reaches nobody else's people.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from provider.errors import ResourceFailure, error_context
from provider.resources.rows.administrator import GROUP, KNOWN_TO_THE_PLATFORM, PERSON, generated, hashed
from provider.systems.connections import Connections

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

KEY: Final = "administrators"
FIELDS: Final = ("phone", "contactName", "contactEmail", "role")
People = Mapping[str, Mapping[str, Any]]  # by the file's `id`

REMEMBERED: Final = "SELECT value FROM public.system_config WHERE group_key = %s AND config_key = %s"
REMEMBER: Final = """
INSERT INTO system_config (group_key, config_key, value, description, is_readonly)
VALUES (%(group)s, %(key)s, %(value)s, 'administrators whom the platform has made or given a role', true)
ON CONFLICT (group_key, config_key) DO UPDATE SET value = EXCLUDED.value WHERE system_config.value <> EXCLUDED.value
"""
THERE: Final = (
    "SELECT id FROM users WHERE phone = %(phone)s OR username = %(phone)s ORDER BY phone = %(phone)s DESC LIMIT 1"
)
USER: Final = "SELECT FROM users WHERE id = %(user)s"
# What must be unique and is another user's stays theirs.
MAKE: Final = """
INSERT INTO users (username, phone, email, real_name, password_hash, global_user_id, auth_source)
SELECT %(phone)s, %(phone)s,
    CASE WHEN NOT EXISTS (SELECT FROM users WHERE lower(email) = lower(%(contactEmail)s)) THEN %(contactEmail)s END,
    %(contactName)s, %(hash)s,
    CASE WHEN NOT EXISTS (SELECT FROM users WHERE global_user_id = %(person)s::bigint) THEN %(person)s::bigint END,
    'unified'
RETURNING id
"""
# Of one use, and only while nobody has signed in with the one before.
RENEW: Final = """
UPDATE users SET password_hash = %(hash)s, global_user_id = coalesce(global_user_id, %(person)s::bigint)
WHERE id = %(user)s AND password_changed_at IS NULL AND last_login_at IS NULL RETURNING id
"""
FOLLOW: Final = """
UPDATE users SET
    email = CASE WHEN email IS NOT DISTINCT FROM %(old_contactEmail)s
            AND NOT EXISTS (SELECT FROM users AS other
                WHERE other.id <> users.id AND lower(other.email) = lower(%(contactEmail)s))
        THEN %(contactEmail)s ELSE email END,
    real_name = CASE WHEN real_name = %(old_contactName)s THEN %(contactName)s ELSE real_name END
WHERE id = %(user)s AND (%(old_contactEmail)s, %(old_contactName)s) <> (%(contactEmail)s, %(contactName)s)
"""
ROLE: Final = "SELECT id FROM roles WHERE code = %(role)s"
GIVE_ROLE: Final = """
INSERT INTO user_roles (user_id, role_id) VALUES (%(user)s, %(role_id)s) ON CONFLICT DO NOTHING RETURNING id
"""
TAKE_ROLE: Final = """
DELETE FROM user_roles USING roles WHERE roles.id = role_id AND user_id = %(user)s AND roles.code = %(role)s
"""
AWAKE: Final = "UPDATE users SET status = 'active' WHERE id = %(user)s AND status = 'inactive'"
ASLEEP: Final = """
UPDATE users SET status = 'inactive' WHERE id = %(user)s AND status = 'active'
    AND NOT EXISTS (SELECT FROM user_roles WHERE user_id = users.id)
"""
RELATION: Final = """
INSERT INTO global_user_tenant_relations AS known (global_user_id, tenant_code, tenant_user_id, role_in_tenant)
SELECT id, %(tenant)s, %(user)s, %(role)s FROM global_users WHERE phone = %(phone)s
ON CONFLICT (global_user_id, tenant_code) DO UPDATE
SET tenant_user_id = EXCLUDED.tenant_user_id, role_in_tenant = EXCLUDED.role_in_tenant, status = 'active'
WHERE (known.tenant_user_id, known.role_in_tenant, known.status)
    IS DISTINCT FROM (EXCLUDED.tenant_user_id, EXCLUDED.role_in_tenant, 'active')
"""
# Who keeps an account with the tenant keeps the relation, as a user.
NO_RELATION: Final = """
UPDATE global_user_tenant_relations AS known
SET status = CASE WHEN %(is_user)s THEN known.status ELSE 'inactive' END, role_in_tenant = 'user'
FROM global_users WHERE global_users.id = global_user_id AND phone = %(phone)s AND tenant_code = %(tenant)s
    AND (role_in_tenant <> 'user' OR known.status = 'active' AND NOT %(is_user)s)
"""


def keep(
    at: Connections, database: str, admin: str, tenant: str, people: People, passwords: Mapping[str, str]
) -> dict[str, str]:
    """Bring about that these people administer the tenant, and nobody else who once stood in their list.

    Returns the first passwords by id: those that were given before (`passwords`) as they are; empty for an account that
    was in its owner's hands already. Without `admin`, the administration's database, the platform knows nobody.
    Raises Failure for a role that the tenant's database does not have.
    """
    from provider.systems.postgresql import explain

    with error_context("reading the administrators", explain), at.as_owner(database) as session:
        known = remembered(session)
    waiting = {name: {**people[name], "password": generated()} for name in _without_password(people, known, passwords)}
    with error_context("the platform's users", explain):
        persons = _persons(at, admin, tenant, waiting)
    with (
        error_context("the administrators' accounts", explain),
        at.as_owner(database) as session,
        session.transaction(),
    ):
        known, given = _change(session, people, waiting, persons)
    with error_context("the administrators' relations", explain):
        _relate(at, admin, tenant, known)
    return {name: given.get(name, passwords.get(name, "")) for name in people}


def remembered(session: "Session") -> dict[str, Any]:
    """By phone: id, user, fields, whether the role was given here, whether they stand in the list (`listed`).

    An entry in which the tenant has written counts as none.
    """
    row = session.execute(REMEMBERED, [GROUP, KEY]).fetchone()
    entries: Mapping[str, Any] = cast(Mapping[str, Any], row[0]) if row and isinstance(row[0], Mapping) else {}
    return {phone: dict(entry) for phone, entry in entries.items() if _is_ours(entry)}


def _is_ours(entry: Any) -> bool:
    if not isinstance(entry, Mapping):
        return False
    texts = all(isinstance(entry.get(key), str) for key in ("id", *FIELDS))  # pyright: ignore[reportUnknownMemberType]
    return texts and isinstance(entry.get("user"), int) and isinstance(entry.get("made"), bool)  # pyright: ignore[reportUnknownMemberType]


def listed(known: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The persons in the list, as the input has them."""
    return {entry["id"]: {field: entry[field] for field in FIELDS} for entry in known.values() if entry.get("listed")}


def _without_password(people: People, known: Mapping[str, Any], passwords: Mapping[str, str]) -> Iterable[str]:
    """The persons who are new, come back, or were given one that no record has: of a run that was killed."""
    for name, person in people.items():
        entry = known.get(str(person["phone"]))
        if entry is None or not entry.get("listed") or entry["id"] != name or name not in passwords:
            yield name


def _persons(
    at: Connections, admin: str, tenant: str, waiting: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[int | None, str]]:
    """The platform's user of each, and the digest of the password: hashed once, as both sides have the same."""
    persons: dict[str, tuple[int | None, str]] = {
        name: (None, hashed(str(person["password"]))) for name, person in waiting.items()
    }
    if admin and waiting:
        with at.database(admin) as session:
            for name, person in waiting.items():
                values = {**person, "hash": persons[name][1], "tenant": tenant}
                session.execute(KNOWN_TO_THE_PLATFORM, values)
                row = session.execute(PERSON, values).fetchone()
                persons[name] = (row[0] if row else None, persons[name][1])
    return persons


def _change(
    session: "Session",
    people: People,
    waiting: Mapping[str, Mapping[str, Any]],
    persons: Mapping[str, tuple[int | None, str]],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Within the caller's transaction: the memory as it is then, and the passwords given."""
    from psycopg.types.json import Jsonb

    known, given = remembered(session), dict[str, str]()
    phones = {str(person["phone"]) for person in people.values()}
    for phone, entry in known.items():
        if entry.get("listed") and phone not in phones:
            _take(session, entry)
    for name, person in people.items():
        person_id, digest = persons.get(name, (None, ""))
        values = {field: person[field] for field in FIELDS} | {"hash": digest, "person": person_id}
        entry, has_password = _give(session, known.get(str(person["phone"])), values, is_waiting=name in waiting)
        known[str(person["phone"])] = {
            **{field: person[field] for field in FIELDS},
            **entry,
            "id": name,
            "listed": True,
        }
        if name in waiting:
            given[name] = str(waiting[name]["password"]) if has_password else ""
    session.execute(REMEMBER, {"group": GROUP, "key": KEY, "value": Jsonb(known)})
    return known, given


def _give(
    session: "Session", entry: Mapping[str, Any] | None, values: dict[str, Any], *, is_waiting: bool
) -> tuple[dict[str, Any], bool]:
    """The record to keep, and whether the password that waits is the account's now."""
    role = session.execute(ROLE, values).fetchone()
    if role is None:
        raise ResourceFailure(
            f"the tenant's database has no role {values['role']}", "give another role, or make it with a migration"
        )
    user, is_made, has_password = (entry["user"], bool(entry["made"]), False) if entry else (None, False, False)
    if user is None:
        row = session.execute(THERE, values).fetchone()
        is_made = row is None
        row = row or session.execute(MAKE, values).fetchone()
        user, has_password = (row[0] if row else None), is_made
    values |= {"user": user, "role_id": role[0]}
    if session.execute(USER, values).fetchone() is None:  # whom the tenant has removed does not come back
        return {"user": user, "made": is_made, "granted": False, "slept": False, "gone": True}, False
    if entry:
        old = {f"old_{field}": entry[field] for field in FIELDS}
        session.execute(FOLLOW, {**values, **old})
        if is_made and is_waiting:
            has_password = session.execute(RENEW, values).fetchone() is not None
        if entry.get("granted") and entry.get("listed") and entry["role"] != values["role"]:
            session.execute(TAKE_ROLE, {"user": user, "role": entry["role"]})
        if not entry.get("listed") and entry.get("slept"):
            session.execute(AWAKE, values)
    is_granted = session.execute(GIVE_ROLE, values).fetchone() is not None
    was_granted = bool(entry and entry.get("listed") and entry["role"] == values["role"] and entry.get("granted"))
    return {
        "user": user,
        "made": is_made,
        "granted": is_granted or was_granted,
        "slept": False,
        "gone": False,
    }, has_password


def _take(session: "Session", entry: dict[str, Any]) -> None:
    """Takes what was given, and no more: a role that the tenant gave stays, and with it the account."""
    if entry.get("granted"):
        session.execute(TAKE_ROLE, entry)
    slept = bool(entry.get("made")) and session.execute(ASLEEP, entry).rowcount > 0
    entry |= {"listed": False, "granted": False, "slept": slept}


def _relate(at: Connections, admin: str, tenant: str, known: Mapping[str, Any]) -> None:
    """All of them each time: a run that was killed before this is repeated."""
    if not admin:
        return
    with at.database(admin) as session:
        for phone, entry in known.items():
            if entry.get("gone"):
                continue
            values = {**entry, "phone": phone, "tenant": tenant, "is_user": not entry.get("slept")}
            session.execute(RELATION if entry.get("listed") else NO_RELATION, values)
