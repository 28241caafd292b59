"""One instance for all thirteen tenants: opened, worked with, and taken down at the end."""

from typing import Any

import pytest

from local.instances.throwaway import World
from tests.support.worlds import of_package


def holdings(world: World) -> dict[str, Any]:
    """The contents of the three systems, apart from what a run of the services alone changes."""
    with world.connect() as connection:
        databases = connection.execute(
            "SELECT datname, datistemplate, datallowconn,"
            " array_agg(privilege_type ORDER BY privilege_type) FILTER (WHERE grantee = 0)"
            " FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) GROUP BY 1, 2, 3 ORDER BY 1"
        ).fetchall()
        roles = connection.execute("SELECT rolname FROM pg_roles ORDER BY 1").fetchall()
    kinds = "namespaces,clusterroles,clusterrolebindings,validatingadmissionpolicies,gatewayclasses,persistentvolumes"
    cluster = sorted((item["kind"], item["metadata"]["name"]) for item in world.kubectl("get", kinds, "-A")["items"])
    alibaba = world.alibaba()
    alibaba.pop("sessions")
    domains = {name: domain["records"] for name, domain in alibaba.pop("domains").items()}
    return {"databases": databases, "roles": roles, "cluster": cluster, "alibaba": alibaba, "records": domains}


world = of_package()


@pytest.fixture(scope="package", autouse=True)
def pristine(world: World) -> dict[str, Any]:
    """The contents of the systems before the first up."""
    return holdings(world)
