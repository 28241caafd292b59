"""Rights of a tenant's people: what an admin may write is one list, and whoever tries it goes by that list."""

from typing import Any, cast

from components.manifests.rbac import CHANGE, RULES
from tenantry.inspection.verify.attacks.kubernetes import namespace_ending
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.model.rbac_groups import ADMIN_WRITES, TENANT_ADMIN, TENANT_USER
from tests.components.guardrails.bodies import HOLDABLE
from tests.tenantry.inspection.verify.attacks.test_network_and_routes import K1, verify_target

KEEPING = {"create", "update", "patch"}  # with one of these an object can be made to stay


def written(role: str) -> set[str]:
    return {name for rule in RULES[role] if KEEPING & set(rule["verbs"]) for name in rule["resources"]}


def test_an_admin_writes_what_the_list_says_and_nobody_else_anything() -> None:
    assert set(CHANGE) >= KEEPING
    assert written(TENANT_ADMIN) == set(ADMIN_WRITES.values())
    assert written(TENANT_USER) == set()


def test_the_rail_against_finalizers_is_tried_on_every_kind_that_an_admin_writes() -> None:
    assert {body["kind"] for body in HOLDABLE} >= ADMIN_WRITES.keys()


def test_verify_tries_a_finalizer_on_every_kind_that_an_admin_writes() -> None:
    class Kube:
        """Keeps what is asked of it."""

        def __init__(self) -> None:
            self.asked: list[dict[str, Any]] = []

        def ask(self, method: str, path: str, body: dict[str, Any]) -> None:
            self.asked.append(body)

    kube = Kube()
    context = VerifyContext(verify_target(), frozenset({"k001"}))
    for ask in namespace_ending._finalizers(context, K1).values():  # pyright: ignore[reportPrivateUsage]
        ask(cast(Any, kube))
    held = {body["kind"] for body in kube.asked if body.get("metadata", {}).get("finalizers") and "kind" in body}
    assert held == ADMIN_WRITES.keys()
