"""The rights of a tenant's own people, asked at a real API server: their work, nothing of the walls, nothing
elsewhere."""

import pytest

from tenantry.model.rbac_groups import TENANT_ADMIN, TENANT_USER
from tests.components.guardrails.conftest import Cluster, Json, path_of

K001 = "tenant-k001"
APPS = "apps/v1"
RBAC = "rbac.authorization.k8s.io/v1"
ROUTES = "gateway.networking.k8s.io/v1"
NETWORKING = "networking.k8s.io/v1"
LOOKED_AT = (
    ("Pod", "v1"),
    ("Event", "v1"),
    ("ResourceQuota", "v1"),
    ("LimitRange", "v1"),
    ("Service", "v1"),
    ("Deployment", APPS),
    ("NetworkPolicy", NETWORKING),
    ("HTTPRoute", ROUTES),
)
ONLY_ADMINS_LOOK_AT = (("ConfigMap", "v1"), ("ServiceAccount", "v1"), ("Role", RBAC), ("RoleBinding", RBAC))
CLOSED = (
    ("Secret", "v1"),
    ("Ingress", NETWORKING),
    ("CronJob", "batch/v1"),
)


@pytest.mark.parametrize("role", [TENANT_ADMIN, TENANT_USER])
@pytest.mark.parametrize(("kind", "version"), LOOKED_AT)
def test_both_look_at_what_is_theirs_and_at_nobody_elses(cluster: Cluster, role: str, kind: str, version: str) -> None:
    somebody = cluster.member("k001", role)
    assert somebody.ask("GET", path_of(kind, version, K001)) == ""
    for elsewhere in ("tenant-k009", "kube-system", "default", None):
        assert somebody.ask("GET", path_of(kind, version, elsewhere)).startswith("403"), elsewhere


@pytest.mark.parametrize(("kind", "version"), ONLY_ADMINS_LOOK_AT)
def test_only_admins_look_closer(cluster: Cluster, kind: str, version: str) -> None:
    path = path_of(kind, version, K001)
    assert cluster.member("k001", TENANT_ADMIN).ask("GET", path) == ""
    assert cluster.member("k001", TENANT_USER).ask("GET", path).startswith("403")


@pytest.mark.parametrize("role", [TENANT_ADMIN, TENANT_USER])
@pytest.mark.parametrize(("kind", "version"), CLOSED)
def test_nobody_reads_credentials(cluster: Cluster, role: str, kind: str, version: str) -> None:
    assert cluster.member("k001", role).ask("GET", path_of(kind, version, K001)).startswith("403")


SETTINGS: Json = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "mine", "namespace": K001},
    "data": {"a": "b"},
}


def test_an_admin_keeps_settings_of_his_own_beside_ours(cluster: Cluster) -> None:
    admin, user = cluster.member("k001", TENANT_ADMIN), cluster.member("k001", TENANT_USER)
    assert admin.create(SETTINGS) == ""
    assert user.create(SETTINGS).startswith("403")
    changed = {"data": {"USER_ID": "k009"}}
    assert "tenantry-own" in admin.patch("ConfigMap", "v1", K001, "business-app", changed)


def test_an_admin_restarts_by_removing_a_pod(cluster: Cluster) -> None:
    assert cluster.member("k001", TENANT_ADMIN).delete("Pod", "v1", K001, "no-such").startswith("404")
    assert cluster.member("k001", TENANT_USER).delete("Pod", "v1", K001, "no-such").startswith("403")


@pytest.mark.parametrize("role", [TENANT_ADMIN, TENANT_USER])
def test_nobody_climbs(cluster: Cluster, role: str) -> None:
    somebody = cluster.member("k001", role)
    bound = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "somebody"}]
    for space in (K001, None):
        kind = "RoleBinding" if space else "ClusterRoleBinding"
        metadata = {"name": "up", **({"namespace": space} if space else {})}
        body = {"apiVersion": RBAC, "kind": kind, "metadata": metadata, "roleRef": bound, "subjects": subjects}
        assert somebody.create(body).startswith("403")
    for space in (K001, "tenant-k009", "kube-system"):
        for path in ("pods", "deployments", "secrets", "networkpolicies", "resourcequotas", "serviceaccounts"):
            version = {"deployments": APPS, "networkpolicies": NETWORKING}.get(path, "v1")
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            assert somebody.ask("POST", f"{root}/namespaces/{space}/{path}", {}).startswith("403"), (space, path)
    token = path_of("ServiceAccount", "v1", K001, "business-app") + "/token"
    assert somebody.ask("POST", token, {}).startswith("403")


def test_a_neighbours_group_with_a_longer_code_is_another_group(cluster: Cluster) -> None:
    assert cluster.member("k0010", TENANT_ADMIN).ask("GET", path_of("Pod", "v1", K001)).startswith("403")
