"""The stack's record of a tenant's last run."""

from dataclasses import dataclass, field
from datetime import date

from tenantry.model.credential_rotation import SeenRotations
from tenantry.spec.tenant import PlanName


@dataclass(frozen=True, slots=True)
class PreviousRun:
    """The stack's record of a tenant's last run; other tenants had none."""

    rotations: SeenRotations = field(default_factory=dict[str, tuple[int, date]])
    plan: PlanName | None = None  # of what ran; None: nothing did
    services: tuple[str, ...] = ()
    scaled: bool = False  # by another than the run: it is not to be without one until its workload goes
