"""Attacks that would keep a tenant's namespace from ending: finalizers, owners that wait, pods that take their time."""

from collections.abc import Iterator
from typing import Any, Final

from tenantry.inspection.verify.attacks.kubernetes.admission_ingress import Ask, lazily, makes, patches, rail, removes
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.denials import by_admission_policy, refused_by
from tenantry.inspection.verify.core.manifests import NAME, manifest, path, pod
from tenantry.model.rbac_groups import ADMIN_WRITES, TENANT_ADMIN
from tenantry.names import Names
from tenantry.parsing.json_narrowing import mapping

FINALIZERS: Final = "tenantry-finalizers"
GRACE: Final = "tenantry-grace"
HELD: Final = {"finalizers": ["example.org/held"]}
LONG_SECONDS: Final = 86_400
NEEDED: Final[dict[str, Any]] = {"Service": {"spec": {"ports": [{"port": 80}]}}}  # fields without which none is made
OWNER: Final = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "name": NAME,
    "uid": "00000000-0000-0000-0000-000000000000",
    "blockOwnerDeletion": True,
}


def _finalizers(context: VerifyContext, names: Names) -> dict[str, Ask]:
    """Objects that a tenant's admin may write, with the field that holds them."""
    waiting = {"ownerReferences": [OWNER]}
    authority = path(names, "v1", "configmaps", "kube-root-ca.crt")
    return {
        **{kind: makes(names, manifest("v1", kind, metadata=HELD, **NEEDED.get(kind, {}))) for kind in ADMIN_WRITES},
        "the cluster's own ConfigMap": patches(authority, {"metadata": HELD}),
        "a finalizer of deletions": makes(
            names, manifest("v1", "ConfigMap", metadata={"finalizers": ["foregroundDeletion"]})
        ),
        "an owner that waits": makes(names, manifest("v1", "ConfigMap", metadata=waiting)),
    }


def _grace(context: VerifyContext, names: Names) -> dict[str, Ask]:
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": NAME},
        "deleteOptions": {"gracePeriodSeconds": LONG_SECONDS},
    }
    evicted = path(names, "v1", "pods", f"{NAME}/eviction")
    return {
        "pod": lazily(lambda: makes(names, pod(context, names, terminationGracePeriodSeconds=LONG_SECONDS))),
        "eviction": lambda kube: kube.ask("POST", evicted, eviction),
        **_deletions(context, names),
    }


def _deletions(context: VerifyContext, names: Names) -> dict[str, Ask]:
    """Deletions of one pod that runs. The time stands in the query: a body would hide the dry run's mark."""
    for obj in context.live("/api/v1/pods"):
        metadata = mapping(obj.get("metadata"))
        if metadata.get("namespace") == names.namespace:
            where = path(names, "v1", "pods", f"{metadata['name']}?gracePeriodSeconds={LONG_SECONDS}")
            return {"deletion": removes(where)}
    return {}


def _own(context: VerifyContext) -> Iterator[Attempt]:
    """By the tenant's admin, who has the right to write these objects and to remove pods."""
    for names in context.with_namespace:
        ways = {FINALIZERS: _finalizers(context, names), GRACE: _deletions(context, names)}
        for rail_, tries in ways.items():
            for what, ask in tries.items():

                def run(names: Names = names, rail_: str = rail_, ask: Ask = ask) -> Verdict:
                    return refused_by([by_admission_policy(rail_)], ask(context.member(names, TENANT_ADMIN)))

                yield Attempt(names.code, f"{what} ({TENANT_ADMIN})", run)


ATTACKS: Final = (
    Attack("rails.finalizers", f"rail {FINALIZERS}", "hold an object for ever", rail(FINALIZERS, _finalizers)),
    Attack("rails.grace", f"rail {GRACE}", "a pod that takes a day to end", rail(GRACE, _grace)),
    Attack("cluster.own-end", f"rail {FINALIZERS}", "hold the own namespace, with the rights of its admin", _own),
)
