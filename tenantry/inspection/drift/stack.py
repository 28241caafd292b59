"""The live stack as a look for drift needs it: its tenants, what was declared, and how its systems are reached."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tenantry.engine.clients import alibaba_rpc
from tenantry.engine.run import quota_refusals
from tenantry.engine.run.operations import Operation
from tenantry.engine.state.deployment import Deployment
from tenantry.engine.state.tenant_records import records_of
from tenantry.inspection.verify.core.declared import Declared, declared
from tenantry.inspection.verify.core.target import tenant_of
from tenantry.model.lifecycle import Phase
from tenantry.names import Names

if TYPE_CHECKING:
    from tenantry.engine.clients.kubernetes import Kube
    from tenantry.engine.clients.postgresql import Server


@dataclass(frozen=True)
class LiveStack:
    operation: Operation
    record: Deployment
    refreshed: Mapping[str, Collection[str]]  # URN -> paths that a refresh has told already

    @cached_property
    def tenants(self) -> list[tuple[Names, Phase]]:
        """The tenants that the last run left in the stack."""
        zone = self.operation.project.zone(self.operation.stack)
        return [tenant_of(code, record, zone) for code, record in sorted(records_of(self.record).items())]

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
        return quota_refusals.cluster(self.operation.cli, self.operation.stack)

    @cached_property
    def alibaba(self) -> Mapping[str, str]:
        """The environment for tenantry.engine.clients.alibaba_rpc.call."""
        return alibaba_rpc.keys_of(self.operation.cli, self.operation.stack)

    def holds(self, kind: str) -> bool:
        """Tells whether the record has a resource of this type."""
        return any(record.get("type") == kind for record in self.record.resources)
