"""Guard rails: each is there, looks at all tenants, refuses; and people have the roles that are known."""

from collections.abc import Callable
from typing import Any

import pytest

from components.manifests.rbac import RULES
from policies.rules.cluster.admission import RAIL
from tenantry.model.admission_policies import RAILS
from tenantry.model.rbac_groups import CLUSTER_ROLES

PODS, BOUND = "platform-guardrails-pods", "platform-guardrails-pods-binding"
SPACES = "platform-guardrails-namespaces"
ADMIN, VIEWER = "platform-guardrails-tenant_admin", "platform-guardrails-user"
BINDING = "k001-ns-rolebinding-tenantry-tenant-viewer"
SELECTOR = "spec.matchConstraints.namespaceSelector"
CASES: list[tuple[str, str, str, Any]] = [
    ("workload-rail", PODS, "spec.failurePolicy", "Ignore"),
    ("workload-rail", PODS, "spec.failurePolicy", None),
    ("workload-rail", PODS, "spec.validations", []),
    ("workload-rail", PODS, SELECTOR, None),
    ("workload-rail", PODS, f"{SELECTOR}.matchLabels", {"a": "b"}),
    ("workload-rail", PODS, f"{SELECTOR}.matchExpressions.0.operator", "DoesNotExist"),
    ("workload-rail", PODS, "spec.matchConstraints.resourceRules.0.operations", []),
    ("workload-rail", SPACES, SELECTOR, {"matchExpressions": [{"key": "tenantry.io/tenant", "operator": "Exists"}]}),
    ("workload-rail", BOUND, "spec.validationActions", ["Warn"]),
    ("workload-rail", BOUND, "spec.policyName", "another"),
    ("workload-rail", BOUND, "spec.matchResources", {"objectSelector": {"matchLabels": {"a": "b"}}}),
    ("workload-rails", PODS, "-", None),
    ("workload-rails", BOUND, "-", None),
    ("workload-rails", ADMIN, "-", None),
    ("workload-rights", ADMIN, "rules.0.verbs", ["*"]),
    ("workload-rights", VIEWER, "rules.0.resources", ["secrets"]),
    ("workload-binding", BINDING, "subjects.0.name", "tenantry:k002:user"),
    ("workload-binding", BINDING, "subjects.0.name", "system:authenticated"),
    ("workload-binding", BINDING, "subjects.0.kind", "User"),
    ("workload-binding", BINDING, "roleRef.name", "cluster-admin"),
    ("workload-binding", BINDING, "roleRef.name", "tenantry-tenant-admin"),
]


@pytest.mark.parametrize(("rule", "name", "path", "value"), CASES)
def test_a_change_breaks_the_rule(breaks: Callable[..., None], rule: str, name: str, path: str, value: Any) -> None:
    breaks(rule, name, path, value)


def test_the_names_are_those_of_the_rails(declared: Any) -> None:
    there = {wire.props["metadata"]["name"] for wire in declared.values() if wire.type.endswith(RAIL.partition(":")[2])}
    assert there == set(RAILS)
    assert RULES.keys() == CLUSTER_ROLES.keys()
