"""Random values of the program, which are in its state and nowhere else."""

from typing import Final

from tenantry.model.resources.facts import HARMLESS, PLATFORMS, TENANTS, DriftGravity, ResourceKind

KINDS: Final = {
    "random:index:RandomPassword": ResourceKind(TENANTS | PLATFORMS, drift=DriftGravity(HARMLESS, HARMLESS)),
    "random:index:RandomUuid": ResourceKind(PLATFORMS, drift=DriftGravity(HARMLESS, HARMLESS)),
}
