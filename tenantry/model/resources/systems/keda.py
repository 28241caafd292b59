"""KEDA, where the cluster has it: workloads that sleep."""

from typing import Final

from tenantry.model.resources.facts import TENANTS, ResourceKind
from tenantry.model.resources.objects import AMOUNT

KINDS: Final = {"kubernetes:keda.sh:ScaledObject": ResourceKind(TENANTS, drift=AMOUNT)}
