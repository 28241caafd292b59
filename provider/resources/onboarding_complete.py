"""The end of an opening: all that a tenant needs is there, its domain is live. Also where its removal begins."""

from collections.abc import Mapping
from typing import ClassVar, Final

from provider.errors import ResourceFailure, error_context
from provider.resources.base import Inputs, Kind, Resource
from provider.resources.database.drop_precheck import make_droppable
from provider.resources.object_removal import empty_prefixes, refuse_without_proof
from provider.resources.onboarding import INPUT, Onboarding
from provider.systems.connections import Connections
from provider.systems.host_name import refuse_foreign
from tenantry.database.onboarding_steps import DOMAIN, DONE, Change
from tenantry.names import database_of

REFUSED: Final = "refused"


class Opened(Resource):
    """Depends on all other resources of its tenant, and on its domain last: the steps `domain` and `done` end here.

    A tenant that is first met when it is already being deleted has no domain; that step is skipped.
    With `purge`, only for a proved backup, its removal takes the tenant's objects along. While a deleted tenant has no
    proved backup, `removal` is refused, and so is that of all it stands on, whatever became of the protection.
    `memory` becomes `remembered` when all of it was done: what a run that did not reach the tenant leaves as it was.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {
        INPUT: "object",
        "domain": "string",
        "address": "string",
        "removal": "string",
        "purge": "object",
        "memory": "object",
    }
    optional: ClassVar[frozenset[str]] = frozenset({"domain", "address", "removal", "purge", "memory"})
    identifying: ClassVar[frozenset[str]] = frozenset()
    computed: ClassVar[frozenset[str]] = frozenset({"remembered"})

    def identity(self, inputs: Inputs) -> str:
        return f"{inputs[INPUT].get('database')}/{inputs[INPUT].get('tenant')}"

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        opening = Onboarding.of(at, inputs)
        if inputs.get("purge"):
            refuse_without_proof(at, opening.database, opening.tenant, inputs["purge"])
        has_domain = bool(inputs.get("domain"))
        if has_domain and inputs.get("address"):
            with opening.step(DOMAIN):
                refuse_foreign(at, opening.tenant, inputs["domain"], inputs["address"], is_made=True)
        opening.write(Change(completed=[DOMAIN]) if has_domain else Change(skipped=[DOMAIN]))
        with opening.step(DONE):
            self._refuse_incomplete(at, opening)
        return {**inputs, "remembered": inputs.get("memory", {})}

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.systems.postgresql import DatabaseMissing, explain

        if not state:
            raise ResourceFailure(
                "an opening cannot be imported", "declare it: what is recorded already stays as it is"
            )
        opening = Onboarding.of(at, state)
        try:
            with error_context("reading the opening", explain), at.database(opening.database) as session:
                row = session.execute("SELECT to_regclass('public.tenant_init_progress')").fetchone()
                if row is None or row[0] is None:
                    return None
                record = session.execute(
                    "SELECT FROM tenant_init_progress WHERE tenant_id = %s AND status = 'completed'", [opening.tenant]
                ).fetchone()
        except DatabaseMissing:
            return None
        return None if record is None else {**state, "remembered": state.get("memory", {})}

    def remove(self, at: Connections, state: Inputs) -> None:
        """Removes nothing: the tenant was onboarded, and its row takes the record along."""
        opening = Onboarding.of(at, state)
        if state.get("purge"):
            make_droppable(at, database_of(opening.tenant))
            empty_prefixes(at, opening.database, opening.tenant, state["purge"])
        elif state.get("removal") == REFUSED:
            raise ResourceFailure(
                f"{opening.tenant} was deleted, and no backup of it was proved: nothing of it is removed",
                "bring its file back as it was; `tenantry purge` says what comes first",
            )

    def _refuse_incomplete(self, at: Connections, opening: Onboarding) -> None:
        """Whoever calls the tenant open although a step did not record its end has left out a dependency."""
        from provider.systems.postgresql import explain

        with error_context("reading the steps", explain), at.database(opening.database) as session:
            rows = session.execute(
                "SELECT step_name, status FROM tenant_init_steps WHERE tenant_id = %s AND step_name <> %s "
                "AND status NOT IN ('completed', 'skipped') ORDER BY step_order",
                [opening.tenant, DONE],
            ).fetchall()
        if rows:
            listed = ", ".join(f"{name} is {status}" for name, status in rows)
            raise ResourceFailure(f"the opening is not complete: {listed}", "let it depend on what records these steps")
