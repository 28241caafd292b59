"""Every attack there is, in the order of the report: found in the modules of `attacks`, each with its ATTACKS.

What they import is light: clients are loaded by the attempts.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

from tenantry.inspection.verify import attacks
from tenantry.inspection.verify.core.attack import Attack

# The part of an attack's name before the dot, as the report has them; others come after these.
DOMAINS: Final = (
    "database", "storage", "sts", "cluster", "host", "rails", "network", "benchmark", "hardening", "present",
)  # fmt: skip


def _attacks() -> Iterator[Attack]:
    for module in pkgutil.walk_packages(attacks.__path__, f"{attacks.__name__}."):
        yield from getattr(importlib.import_module(module.name), "ATTACKS", ())


def _order(attack: Attack) -> int:
    return DOMAINS.index(attack.domain) if attack.domain in DOMAINS else len(DOMAINS)


ATTACKS: Final[tuple[Attack, ...]] = tuple(sorted(_attacks(), key=_order))
