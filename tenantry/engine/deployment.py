"""The engine's record of a stack (`pulumi stack export`): read with names, edited as the recovery needs it.

Only what must change is touched: everything else goes back as it came, also what this version of the project does not know.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from tenantry.engine.urns import STACK_TYPE, type_of

Record = dict[str, Any]  # one resource as the engine writes it

CREATING = "creating"


class Deployment:
    """One deployment, changed in place."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    @property
    def resources(self) -> list[Record]:
        """Everything the stack holds, dependencies first."""
        return self.raw.get("resources") or []

    @property
    def pending(self) -> list[tuple[str, Record]]:
        """What an engine had begun when it died: (creating | updating | deleting | reading | importing, the resource)."""
        return [
            (str(operation["type"]), operation["resource"]) for operation in self.raw.get("pending_operations") or []
        ]

    @property
    def parents(self) -> dict[str, str]:
        """URN -> URN of the parent, also of what is pending."""
        everything = [*self.resources, *(record for _, record in self.pending)]
        return {record["urn"]: record["parent"] for record in everything if record.get("parent")}

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; secrets are mappings with a ciphertext."""
        stack = next((record for record in self.resources if record.get("type") == STACK_TYPE), None)
        return (stack or {}).get("outputs") or {}

    @property
    def changed_at(self) -> str:
        """When it was written last, as the engine writes it; empty for a new stack."""
        return str((self.raw.get("manifest") or {}).get("time") or "")

    def living(self, urn: str) -> Record | None:
        """The resource's record, unless there is only one waiting to be deleted after a replacement."""
        return next((record for record in self.resources if record["urn"] == urn and not record.get("delete")), None)

    def custom_count(self) -> int:
        """How many real resources it holds: neither components nor providers."""
        return sum(1 for record in self.resources if is_real(record))

    def adopt(self, record: Record, identity: str) -> None:
        """Enters an interrupted creation as if it had ended, with what it was asked to make; a refresh then finds the truth.

        With no outputs at all the provider would take the reading for an import and forget what cannot be read back,
        a database's template for one, and the next run would replace what it has just found.
        """
        adopted: Record = {
            **copy.deepcopy(record),
            "id": identity,
            "outputs": _without_defaults(record.get("inputs") or {}),
        }
        resources: list[Record] = self.raw.setdefault("resources", [])
        for index, known in enumerate(resources):
            if known["urn"] == record["urn"] and known.get("pendingReplacement"):
                resources[index] = adopted  # its place matters: others that depend on it follow
                return
        resources.append(adopted)

    def drop(self, urn: str) -> None:
        """Takes a living resource's record out again."""
        self.raw["resources"] = [known for known in self.resources if known["urn"] != urn or known.get("delete")]

    def keep_pending(self, wanted: Callable[[str, Record], bool]) -> None:
        """Drops the pending operations for which `wanted(type, resource)` is false."""
        operations: list[dict[str, Any]] = self.raw.get("pending_operations") or []
        kept = [operation for operation in operations if wanted(str(operation["type"]), operation["resource"])]
        self.raw.pop("pending_operations", None)
        if kept:
            self.raw["pending_operations"] = kept


def is_real(record: Record) -> bool:
    """Whether the record stands for a thing somewhere: neither a component nor a provider."""
    return bool(record.get("custom")) and not type_of(record["urn"]).startswith("pulumi:providers:")


def texts(value: Any) -> Iterator[str]:
    """Every string in a tree of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():  # pyright: ignore[reportUnknownVariableType] (JSON of any shape)
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:  # pyright: ignore[reportUnknownVariableType] (JSON of any shape)
            yield from texts(item)


def _without_defaults(value: Any) -> Any:
    """The inputs without the bookkeeping key that Terraform bridges add to every object."""
    if isinstance(value, dict):
        return {key: _without_defaults(item) for key, item in value.items() if key != "__defaults"}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] (JSON of any shape)
    if isinstance(value, list):
        return [_without_defaults(item) for item in value]  # pyright: ignore[reportUnknownVariableType] (JSON of any shape)
    return value
