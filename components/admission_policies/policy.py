"""One ValidatingAdmissionPolicy as a plain value, and whom and what such policies look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.shared.installation import Scaling
from components.shared.labels import MANAGED_BY, MANAGER, TENANT

WRITE: Final = ("CREATE", "UPDATE")
ALL_WRITES: Final = (*WRITE, "DELETE")
IN_TENANTS: Final = {"namespaceSelector": {"matchExpressions": [{"key": TENANT, "operator": "Exists"}]}}
MANAGED_OBJECTS: Final = {"objectSelector": {"matchLabels": {MANAGED_BY: MANAGER}}}

# Only the provisioner passes, and Kubernetes' own controllers, which finish what others were allowed to begin.
EXCEPT_PROVISIONER: Final = {
    "others-than-the-provisioner": (
        '!authorizer.group("admissionregistration.k8s.io").resource("validatingadmissionpolicies")'
        '.check("update").allowed()'
    ),
    "others-than-the-cluster": (
        '!("system:serviceaccounts:kube-system" in request.userInfo.groups)'
        ' && request.userInfo.username != "system:kube-controller-manager"'
    ),
}


def others_than_keda(scaling: Scaling) -> dict[str, str]:
    """A further condition where the stack has KEDA: its operator passes."""
    namespace, _, name = scaling.keda_account.partition("/")
    keda = f'request.userInfo.username != "system:serviceaccount:{namespace}:{name}"'
    return {"others-than-keda": keda} if scaling.keda else {}


@dataclass(frozen=True, slots=True)
class AdmissionPolicy:
    """One ValidatingAdmissionPolicy. `validations` is what must hold -> what is said when it does not."""

    name: str
    resources: Sequence[tuple[str, str]]  # API group and resource
    validations: Mapping[str, str]
    operations: Sequence[str] = WRITE
    conditions: Mapping[str, str] | None = None
    variables: Mapping[str, str] | None = None
    where: Mapping[str, Any] | None = None  # selectors
    scope: str = "Namespaced"  # a selector of namespaces lets everything outside of them through, nodes too

    def policy(self) -> dict[str, Any]:
        """The spec. A request that cannot be judged is refused."""
        groups: dict[str, list[str]] = {}
        for group, resource in self.resources:
            groups.setdefault(group, []).append(resource)
        return {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [group],
                        "apiVersions": ["*"],
                        "operations": list(self.operations),
                        "resources": names,
                        "scope": self.scope,
                    }
                    for group, names in groups.items()
                ],
                **(IN_TENANTS if self.where is None else self.where),
            },
            **_listed("matchConditions", self.conditions),
            **_listed("variables", self.variables),
            "validations": [
                {"expression": expression, "message": f"{self.name}: {said}", "reason": "Forbidden"}
                for expression, said in self.validations.items()
            ],
        }

    def binding(self) -> dict[str, Any]:
        return {"policyName": self.name, "validationActions": ["Deny", "Audit"]}


def _listed(key: str, named: Mapping[str, str] | None) -> dict[str, Any]:
    return {key: [{"name": name, "expression": text} for name, text in named.items()]} if named else {}


CODE: Final = {"code": f'namespaceObject.metadata.labels["{TENANT}"]'}
