"""Attacks on the guard rails that keep the walls where they are, by the stranger, as dry runs."""

from typing import Any, Final

from tenantry.engine.clients.kubernetes import Kube
from tenantry.inspection.verify.attacks.kubernetes.admission_ingress import NET, Ask, makes, patches, rail, removes
from tenantry.inspection.verify.core.attack import Attack
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.manifests import GATEWAY_API, NAME, manifest, path
from tenantry.names import MANAGED_BY, MANAGER, SERVICE_ACCOUNT, TENANT_LABEL, Names
from tenantry.parsing.json_narrowing import mapping

RBAC: Final = "rbac.authorization.k8s.io"
APP: Final = SERVICE_ACCOUNT


def _walls(context: VerifyContext, names: Names) -> dict[str, Ask]:
    quota, limits = path(names, "v1", "resourcequotas", "plan"), path(names, "v1", "limitranges", "plan")
    policy = path(names, NET, "networkpolicies", "closed")
    opened: dict[str, Any] = {"podSelector": {}, "ingress": [{}]}
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    subject = {"kind": "ServiceAccount", "name": APP, "namespace": names.namespace}
    return {
        "larger quota": patches(quota, {"spec": {"hard": {"pods": "999"}}}),
        "no quota": removes(quota),
        "quota's count": patches(f"{quota}/status", {"status": {"used": {"pods": "0"}}}),
        "larger limits": patches(limits, {"spec": {"limits": []}}),
        "no limits": removes(limits),
        "open policy": makes(names, manifest(NET, "NetworkPolicy", spec=opened)),
        "policy opened": patches(policy, {"spec": opened}),
        "no policy": removes(policy),
        "account": makes(names, manifest("v1", "ServiceAccount")),
        "role": makes(names, manifest(f"{RBAC}/v1", "Role", rules=[])),
        "binding": makes(names, manifest(f"{RBAC}/v1", "RoleBinding", roleRef=reference, subjects=[subject])),
    }


def _own(context: VerifyContext, names: Names) -> dict[str, Ask]:
    deployment, config = path(names, "apps/v1", "deployments", APP), path(names, "v1", "configmaps", APP)
    unmarked: dict[str, Any] = {"metadata": {"labels": {MANAGED_BY: None}}}
    return {
        "other program": patches(deployment, {"spec": {"replicas": 9}}),
        "no program": removes(deployment),
        "other settings": patches(config, {"data": {"USER_ID": "k000"}}),
        "mark taken off": patches(config, unmarked),
        "mark forged": makes(names, manifest("v1", "ConfigMap", metadata={"labels": {MANAGED_BY: MANAGER}})),
        "other credentials": patches(path(names, "v1", "secrets", APP), {"data": {"DB_USER": "eA=="}}),
        "other Service": patches(path(names, "v1", "services", APP), {"spec": {"selector": {"a": "b"}}}),
        "mark off a Service by its status": patches(path(names, "v1", "services", f"{APP}/status"), unmarked),
        "no route": removes(path(names, GATEWAY_API, "httproutes", APP)),
        **(_budget(names, unmarked) if _has_budget(context, names) else {}),
    }


def _has_budget(context: VerifyContext, names: Names) -> bool:
    """One container alone has none."""
    budgets = context.live("/apis/policy/v1/poddisruptionbudgets")
    return any(mapping(budget.get("metadata")).get("namespace") == names.namespace for budget in budgets)


def _budget(names: Names, unmarked: dict[str, Any]) -> dict[str, Ask]:
    budget = path(names, "policy/v1", "poddisruptionbudgets", APP)
    return {
        "no budget": removes(budget),
        "mark off a budget by its status": patches(f"{budget}/status", unmarked),
    }


def _scale(context: VerifyContext, names: Names) -> dict[str, Ask]:
    scale = path(names, "apps/v1", "deployments", f"{APP}/scale")
    return {
        "no replicas": patches(scale, {"spec": {"replicas": 0}}),
        "many": patches(scale, {"spec": {"replicas": 99}}),
    }


def _labels(context: VerifyContext, names: Names) -> dict[str, Ask]:
    labels = {"labels": {TENANT_LABEL: "k000"}}
    service = manifest("v1", "Service", metadata=labels, spec={"ports": [{"port": 80}]})
    return {"ConfigMap": makes(names, manifest("v1", "ConfigMap", metadata=labels)), "Service": makes(names, service)}


def _tokens(context: VerifyContext, names: Names) -> dict[str, Ask]:
    where = path(names, "v1", "serviceaccounts", f"{APP}/token")

    def request(*audiences: str) -> Ask:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": list(audiences)},
        }
        return lambda kube: kube.ask("POST", where, body)

    kubernetes = "https://kubernetes.default.svc"
    return {
        "for the API": request(kubernetes),
        "for anybody": request(),
        "for both": request(context.target.audience, kubernetes),
    }


def _standing(context: VerifyContext, names: Names) -> dict[str, Ask]:
    metadata = {"annotations": {"kubernetes.io/service-account.name": APP}}
    body = manifest("v1", "Secret", type="kubernetes.io/service-account-token", metadata=metadata)
    return {"Secret": makes(names, body)}


def _namespaces(context: VerifyContext, names: Names) -> dict[str, Ask]:
    space = f"/api/v1/namespaces/{names.namespace}"

    def labelled(**labels: Any) -> dict[str, Any]:
        return {"metadata": {"labels": labels}}

    def space_named(name: str, **labels: str) -> Ask:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}

        def ask(kube: Kube) -> Any:
            return kube.ask("POST", "/api/v1/namespaces", body)

        return ask

    return {
        "no Pod Security": patches(space, labelled(**{"pod-security.kubernetes.io/enforce": "privileged"})),
        "no tenant's": patches(space, labelled(**{TENANT_LABEL: None})),
        "another's": patches(space, labelled(**{TENANT_LABEL: "k000"})),
        "by its status": patches(f"{space}/status", labelled(**{TENANT_LABEL: None})),
        "deleted": removes(space),
        "named like a tenant's": space_named("tenant-k000"),
        "labelled like a tenant's": space_named(NAME, **{TENANT_LABEL: names.code}),
        "trusted by the gateway": space_named(NAME, **{MANAGED_BY: MANAGER}),
    }


ATTACKS: Final = (
    Attack("rails.walls", "rail tenantry-walls", "change quotas, limits, network policies, accounts, rights",
           rail("tenantry-walls", _walls)),
    Attack("rails.own", "rail tenantry-own", "change or remove what tenantry manages", rail("tenantry-own", _own)),
    Attack("rails.scale", "rail tenantry-scale", "stop or multiply the replicas", rail("tenantry-scale", _scale)),
    Attack("rails.labels", "rail tenantry-labels", "wear another tenant's label",
           rail("tenantry-labels", _labels)),
    Attack("rails.tokens", "rail tenantry-tokens", "ask for tokens of other audiences",
           rail("tenantry-tokens", _tokens)),
    Attack("rails.standing-tokens", "rail tenantry-standing-tokens", "make a token without an end",
           rail("tenantry-standing-tokens", _standing)),
    Attack("rails.namespaces", "rail tenantry-namespaces", "change, remove, imitate a tenant's namespace",
           rail("tenantry-namespaces", _namespaces)),
)  # fmt: skip
