"""The systems' own word on all that the changes touch, whatever the stack's record says."""

from typing import Any, Final

from tests.e2e.conftest import Life
from tests.support.drift.by_hand import ZONE

ROLES: Final = """
SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolcanlogin, rolconnlimit, rolconfig, ARRAY(
    SELECT pg_get_userbyid(roleid) FROM pg_auth_members WHERE member = pg_roles.oid ORDER BY 1)
FROM pg_roles WHERE rolname <> 'by_hand' ORDER BY 1
"""
DATABASES: Final = """
SELECT datname, datallowconn, datconnlimit, ARRAY(SELECT acl::text FROM unnest(datacl) AS acl ORDER BY 1)
FROM pg_database ORDER BY 1
"""
OBJECTS: Final = "networkpolicies,resourcequotas,limitranges,rolebindings,deployments,configmaps,persistentvolumeclaims"


def systems(life: Life) -> dict[str, Any]:
    """The systems' own word on all that the changes touch, whatever the stack's record says."""
    with life.world.connect() as connection:
        roles = connection.execute(ROLES.encode()).fetchall()
        databases = connection.execute(DATABASES.encode()).fetchall()
    objects: dict[str, Any] = {}
    for space in ("tenant-k001", "tenant-k002"):
        document = life.world.kubectl("get", OBJECTS, "-n", space)["items"]
        objects |= {
            f"{space} {result['kind']} {result['metadata']['name']}": result.get("spec", result.get("roleRef"))
            for result in document
        }
        objects[space] = life.world.kubectl("get", "namespace", space)["metadata"]["labels"]
    cloud = life.world.alibaba()
    policies = {name: policy["versions"][policy["default"]] for name, policy in cloud["policies"].items()}
    records = [
        {key: value for key, value in document.items() if key != "id"} for document in cloud["domains"][ZONE]["records"]
    ]
    buckets = {name: (bucket["acl"], bucket["policy"], bucket["configs"]) for name, bucket in cloud["buckets"].items()}
    return {"roles": roles, "databases": databases, "objects": objects, "ram": cloud["roles"], "policies": policies,
            "records": records, "buckets": buckets}  # fmt: skip
