"""A quota that refuses one of ours: the error says whose objects fill it, and what to do."""

from typing import Any

import pytest

from tenantry.engine.run.progress import Finding
from tenantry.engine.run.quota_refusals import explain
from tenantry.engine.stack.urns import ResourceOwner

SECRET = (
    'secrets "tenant-secrets" is forbidden: exceeded quota: plan, requested: secrets=1, used: secrets=3, '
    "limited: secrets=3; ask for less"
)
PODS = (
    'FailedCreate: pods "business-app-1" is forbidden: exceeded quota: plan, requested: limits.cpu=1,pods=1, '
    "used: limits.cpu=6,pods=6, limited: limits.cpu=6,pods=6"
)


def thing(name: str, ours: bool = False, *makers: str) -> dict[str, Any]:
    fields = [{"manager": maker, "time": f"2026-10-0{day}"} for day, maker in enumerate(makers, 1)]
    labels = {"app.kubernetes.io/managed-by": "tenantry"} if ours else {}
    return {"metadata": {"name": name, "labels": labels, "managedFields": fields[::-1]}}


class Cluster:
    """The answers by path, and the paths that were asked for."""

    def __init__(self, **lists: list[dict[str, Any]]) -> None:
        self.lists, self.asked = lists, list[str]()

    def items(self, path: str) -> Any:
        self.asked.append(path)
        return self.lists[path.rpartition("/")[2]]


def explanation(text: str, cluster: Any, tenant: str = "k002") -> str:
    (said,) = explain([Finding(ResourceOwner(tenant, "app"), "urn", text)], lambda: cluster)
    return said.text


def test_it_names_tenant_quota_numbers_foreign_objects_their_maker_and_a_remedy() -> None:
    cluster = Cluster(secrets=[thing("business-app", True), thing("tls", False, "cert-manager", "kubectl"), thing("b")])
    said = explanation(SECRET, cluster)
    assert said.startswith(SECRET)
    assert "the quota plan of k002 is used up (secrets 3 of 3 and 1 more); 2 of 3 are not the platform's" in said
    assert "Secret tls (made by cert-manager), Secret b (made by somebody)" in said
    assert "kubectl -n tenant-k002 delete secret/tls secret/b" in said
    assert cluster.asked == ["/api/v1/namespaces/tenant-k002/secrets"]


def test_of_many_five_are_named() -> None:
    said = explanation(
        SECRET, Cluster(secrets=[thing(f"filler-{number}", False, "kubectl-create") for number in range(9)])
    )
    assert "Secret filler-4 (made by kubectl-create) and 4 more" in said
    assert "filler-5" not in said


def test_where_all_are_ours_a_larger_plan_is_the_remedy() -> None:
    said = explanation(SECRET, Cluster(secrets=[thing("business-app", True)]))
    assert "all of them are the platform's: choose a larger plan, or raise `objects`" in said


def test_cpu_and_pods_are_both_used_by_pods() -> None:
    cluster = Cluster(pods=[thing("business-app-1", True), thing("mine")])
    said = explanation(PODS, cluster)
    assert "limits.cpu 6 of 6 and 1 more, pods 6 of 6 and 1 more" in said
    assert "1 of 2 are not the platform's: Pod mine" in said
    assert len(cluster.asked) == 1


def test_what_kubernetes_itself_puts_there_is_nobodys_fault() -> None:
    text = SECRET.replace("secrets", "configmaps")
    said = explanation(text, Cluster(configmaps=[thing("kube-root-ca.crt"), thing("notes", False, "kubectl")]))
    assert "1 of 2 are not the platform's: ConfigMap notes" in said


def test_of_what_is_no_known_kind_nobody_is_blamed() -> None:
    said = explanation(SECRET.replace("secrets", "persistentvolumeclaims"), Cluster())
    assert "is used up (persistentvolumeclaims 3 of 3 and 1 more); `kubectl -n tenant-k002 describe" in said
    assert "the platform's" not in said


def test_without_an_answer_of_the_cluster_the_command_that_shows_it_is_named() -> None:
    class Silent:
        def items(self, path: str) -> Any:
            raise LookupError(path)

    assert "cannot be read (LookupError): `kubectl -n tenant-k002 get secrets --show-labels`" in explanation(
        SECRET, Silent()
    )

    def refuse() -> Any:
        raise OSError("no kubeconfig")

    (said,) = explain([Finding(ResourceOwner("k002", "app"), "urn", SECRET)], refuse)
    assert "(OSError)" in said.text


@pytest.mark.parametrize(
    ("text", "tenant"), [("pods is forbidden: User x cannot create", "k002"), (SECRET, ""), ("", "k002")]
)
def test_other_errors_stay_as_they_are_and_nobody_is_asked(text: str, tenant: str) -> None:
    def refuse() -> Any:
        raise AssertionError("asked")

    finding = Finding(ResourceOwner(tenant, "app"), "urn", text)
    assert explain([finding], refuse) == [finding]
