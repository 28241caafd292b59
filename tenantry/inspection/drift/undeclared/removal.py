"""An object that nobody declared, with the way to remove it: only where no data is in it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tenantry.inspection.drift.model import Finding


@dataclass(frozen=True, slots=True)
class Undeclared:
    """`remove` is None where it is left to a person. It raises an exception when the system refuses."""

    finding: Finding
    remove: Callable[[], None] | None = field(default=None, repr=False, compare=False)
