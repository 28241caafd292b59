"""The people of a purged tenant: the platform keeps none whom it knew only by that tenant and had made itself."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

# Two tenants of one person that are purged at once come one after the other: the second takes the person along.
LOCK: Final = """
SELECT FROM global_users
WHERE id IN (SELECT global_user_id FROM global_user_tenant_relations WHERE tenant_code = %(code)s)
ORDER BY id FOR UPDATE
"""
FORGET: Final = """
WITH related AS (DELETE FROM global_user_tenant_relations WHERE tenant_code = %(code)s RETURNING global_user_id)
DELETE FROM global_users USING related
WHERE global_users.id = related.global_user_id AND global_users.registration_source = 'admin'
    AND NOT EXISTS (SELECT FROM global_user_tenant_relations AS other
        WHERE other.global_user_id = global_users.id AND other.tenant_code <> %(code)s)
"""


def forget_people(session: "Session", code: str) -> None:
    """Within the transaction of the caller. Who signed up by themselves stays known, without the tenant."""
    session.execute(LOCK, {"code": code})
    session.execute(FORGET, {"code": code})
