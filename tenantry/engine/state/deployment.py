"""The engine's record of a stack (`pulumi stack export`): read with names, edited as the recovery needs it.

Only what must change is touched: everything else goes back as it came, also what this version of the project does
not know.
"""

import copy
from typing import Any

from tenantry.engine.stack.urns import STACK_TYPE, type_of
from tenantry.parsing.json_narrowing import Tree, mapping, sequence, without_key

Record = Tree  # one resource as the engine writes it

CREATING = "creating"
# Terraform bridges note in every object of inputs which of its values are defaults; outputs have no such key.
_DEFAULTS_KEY = "__defaults"


class Deployment:
    """One deployment, changed in place."""

    def __init__(self, raw: Tree) -> None:
        self.raw = raw

    @property
    def resources(self) -> list[Record]:
        """Everything the stack holds, dependencies first."""
        return sequence(self.raw.get("resources"))

    @property
    def pending(self) -> list[tuple[str, Record]]:
        """Operations that an engine had begun when it died: (creating, updating, deleting, reading or importing; the
        resource).
        """
        operations = [mapping(operation) for operation in sequence(self.raw.get("pending_operations"))]
        return [(str(operation["type"]), mapping(operation["resource"])) for operation in operations]

    @property
    def parents(self) -> dict[str, str]:
        """URN -> URN of the parent, also of what is pending."""
        everything = [*self.resources, *(record for _, record in self.pending)]
        return {record["urn"]: record["parent"] for record in everything if record.get("parent")}

    @property
    def outputs(self) -> Tree:
        """The stack's outputs; secrets are mappings with a ciphertext."""
        stack = next((record for record in self.resources if record.get("type") == STACK_TYPE), None)
        return mapping((stack or {}).get("outputs"))

    @property
    def changed_at(self) -> str:
        """The time of its last change, as the engine writes it; empty for a new stack."""
        return str(mapping(self.raw.get("manifest")).get("time") or "")

    def living(self, urn: str) -> Record | None:
        """The resource's record, unless there is only one waiting to be deleted after a replacement."""
        return next((record for record in self.resources if record["urn"] == urn and not record.get("delete")), None)

    def custom_count(self) -> int:
        """The number of real resources: neither components nor providers."""
        return sum(1 for record in self.resources if is_real(record))

    def adopt(self, record: Record, identity: str) -> Record:
        """Enters an interrupted creation as if it had made what it was asked for; a refresh then finds the truth.

        With no outputs at all the provider would take the reading for an import and forget what cannot be read back,
        a database's template for one, and the next run would replace what it has just found.
        """
        adopted: Record = {
            **copy.deepcopy(record),
            "id": identity,
            "outputs": without_key(mapping(record.get("inputs")), _DEFAULTS_KEY),
        }
        resources = self.raw["resources"] = self.resources
        for index, known in enumerate(resources):
            if known["urn"] == record["urn"] and known.get("pendingReplacement"):
                resources[index] = adopted  # its place matters: others that depend on it follow
                return adopted
        resources.append(adopted)
        return adopted

    def dangling(self) -> list[str]:
        """Resources that refer to something that is not there any more.

        An engine that could not update a resource deletes what that stood on all the same, and then dies over its own
        record, which it refuses from then on.
        """
        there = {record["urn"] for record in self.resources}
        return [record["urn"] for record in self.resources if _missing(record, there)]

    def mend(self) -> None:
        """Takes such references out; nothing else of the record changes."""
        there = {record["urn"] for record in self.resources}
        for record in self.resources:
            if _missing(record, there):
                record["dependencies"] = [urn for urn in sequence(record.get("dependencies")) if urn in there]
                by_property = mapping(record.get("propertyDependencies"))
                record["propertyDependencies"] = {
                    name: [urn for urn in sequence(urns) if urn in there] for name, urns in by_property.items()
                }

    def drop(self, urn: str) -> None:
        """Takes a living resource's record out again."""
        self.raw["resources"] = [known for known in self.resources if known["urn"] != urn or known.get("delete")]

    def forget_pending(self) -> None:
        """Drops the pending operations (the engine's own `stack import` would, with a warning each)."""
        self.raw.pop("pending_operations", None)


def _missing(record: Record, there: set[str]) -> bool:
    by_property = mapping(record.get("propertyDependencies")).values()
    named = [*sequence(record.get("dependencies")), *(urn for urns in by_property for urn in sequence(urns))]
    return any(urn not in there for urn in named)


def is_real(record: Record) -> bool:
    """Tells whether the record stands for a thing somewhere: neither a component nor a provider."""
    return bool(record.get("custom")) and not type_of(record["urn"]).startswith("pulumi:providers:")


def errors_of(record: Record) -> list[Any]:
    """Reasons why the resource is not ready, as far as known: the engine updates it again until none is left."""
    return sequence(record.get("initErrors"))
