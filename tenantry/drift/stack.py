"""The live stack as a look for drift needs it: its tenants, what was declared, and how its systems are reached."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tenantry.engine import alibaba, quotas
from tenantry.engine.deployment import Deployment
from tenantry.engine.operations import Operation
from tenantry.engine.trees import mapping
from tenantry.names import Names
from tenantry.phase import Phase
from tenantry.verify.declared import Declared, declared
from tenantry.verify.surroundings import tenant_of

if TYPE_CHECKING:
    from tenantry.engine.database import Server
    from tenantry.verify.kube import Kube


@dataclass(frozen=True)
class LiveStack:
    operation: Operation
    record: Deployment
    told: Mapping[str, Collection[str]]  # URN -> paths that a refresh has told already

    @cached_property
    def tenants(self) -> list[tuple[Names, Phase]]:
        """Who the last run left in the stack."""
        zone = self.operation.project.zone(self.operation.stack)
        facts = mapping(self.record.outputs.get("tenants"))
        return [tenant_of(code, mapping(fact), zone) for code, fact in sorted(facts.items())]

    @property
    def zone(self) -> str:
        return self.operation.project.zone(self.operation.stack)

    @cached_property
    def declared(self) -> Declared:
        return declared(self.record.resources)

    @property
    def server(self) -> "Server":
        return self.operation.server()

    @cached_property
    def kube(self) -> "Kube":
        return quotas.cluster(self.operation.cli, self.operation.stack)

    @cached_property
    def alibaba(self) -> Mapping[str, str]:
        """The environment for tenantry.engine.alibaba.call."""
        return alibaba.keys_of(self.operation.cli, self.operation.stack)

    def holds(self, kind: str) -> bool:
        """Whether the record has a resource of this type."""
        return any(record.get("type") == kind for record in self.record.resources)
