"""Somebody with every right but over the admission policies: what holds against this one, the rails hold.

Tenants' own people are stopped by RBAC before a rail is asked. So for the time of a run a user that nobody can be,
with a name of 128 random bits that no sign-in hands out, is given those rights, and loses them at its end. What a
killed run left is removed by the next.
"""

import time
from datetime import datetime
from typing import Any, Final

from tenantry.engine.clients.kubernetes import Kube
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.parsing.json_narrowing import mapping

LABEL: Final = "tenantry.io/verify"
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
KINDS: Final = ("clusterrolebindings", "clusterroles")  # in the order of removal
UNTIL: Final = "tenantry.io/verify-until"  # seconds since 1970: after it the stranger is a killed run's
SLACK_SECONDS: Final = 900  # for what runs when the time is over
KNOWN_SECONDS: Final = 15.0  # the API server learns of new rights by watching
GROUPS: Final = (
    "",
    "apps",
    "authentication.k8s.io",
    "batch",
    "discovery.k8s.io",
    "gateway.envoyproxy.io",
    "gateway.networking.k8s.io",
    "gateway.networking.x-k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
)


def privileged_tester(context: VerifyContext) -> Kube:
    """Raises LookupError when it cannot be made."""
    return context.cached("stranger", lambda: _made(context))


def _made(context: VerifyContext) -> Kube:
    import secrets

    name = f"tenantry-verify-{context.mark}"
    user = f"verify:{secrets.token_hex(16)}"
    rules = [{"apiGroups": [group], "resources": ["*"], "verbs": ["*"]} for group in GROUPS]
    until = str(int(time.time() + context.limit_s + SLACK_SECONDS))
    metadata = {"name": name, "labels": {LABEL: context.mark}, "annotations": {UNTIL: until}}
    group = "rbac.authorization.k8s.io"
    binding = {
        "metadata": metadata,
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
    bodies: dict[str, dict[str, Any]] = {
        "clusterroles": {"metadata": metadata, "rules": rules},
        "clusterrolebindings": binding,
    }
    for kind, body in bodies.items():
        answer = context.admin.ask("POST", f"{RBAC}/{kind}", body, dry=False)
        if answer.status != 201:
            raise LookupError(f"no stranger to attack the admission rules with: {answer.said}")
    kube = context.admin.impersonating(user, "system:authenticated")
    deadline = time.monotonic() + KNOWN_SECONDS
    while (answer := kube.ask("GET", "/api/v1/namespaces?limit=1")).status != 200:
        if time.monotonic() > deadline:
            raise LookupError(f"the stranger's rights are not in force: {answer.said}")
        time.sleep(0.2)
    if kube.me != user:
        raise LookupError("the API server takes the stranger for somebody else")
    return kube


def remove_testers(context: VerifyContext) -> list[str]:
    """Removes this run's stranger and those of killed runs; what could not be removed."""
    left: list[str] = []
    for kind in KINDS:
        for item in context.admin.items(f"{RBAC}/{kind}?labelSelector={LABEL}"):
            metadata = mapping(item.get("metadata"))
            if mapping(metadata.get("labels")).get(LABEL) == context.mark or _is_over(metadata):
                answer = context.admin.ask("DELETE", f"{RBAC}/{kind}/{metadata['name']}", dry=False)
                if answer.status not in (200, 202, 404):
                    left.append(f"{kind}/{metadata['name']}: {answer.said}")
    return left


def _is_over(metadata: dict[str, Any]) -> bool:
    """One without the annotation is of a release whose runs lasted 15 minutes."""
    until = str(mapping(metadata.get("annotations")).get(UNTIL, ""))
    made = datetime.fromisoformat(str(metadata["creationTimestamp"]).replace("Z", "+00:00"))
    return time.time() > (int(until) if until.isdecimal() else made.timestamp() + 2 * SLACK_SECONDS)
