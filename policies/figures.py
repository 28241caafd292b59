"""What each plan gives, in units that can be compared. Read when the first rule asks, since it takes 0.3 s."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from policies.values import Unreadable

if TYPE_CHECKING:
    from tenantry.plans import Plan, Plans

PLANS: Final = Path(__file__).resolve().parents[1] / "tenants" / "plans.yaml"

_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")
_FACTORS: Final = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_BINARY: Final = {f"{unit}i": 2.0 ** (10 * power) for power, unit in enumerate("KMGTP", start=1)}
AMOUNTS: Final = ("cpu", "memory", "ephemeral-storage")
# What a tenant may have none of: volumes, and what opens a way past the gateway.
NONE_OF: Final = (
    "services.nodeports",
    "services.loadbalancers",
    "persistentvolumeclaims",
    "requests.storage",
)


@cache
def plans() -> "Plans":
    """Raises ValueError when the file has faults; they are reported by `tenantry validate`."""
    from tenantry.plans import PlansDocument, with_defaults
    from tenantry.reading import read_model

    document = read_model(PLANS, PlansDocument, with_defaults).value
    if document is None:
        raise ValueError(f"{PLANS.name} has faults")
    return document.plans


def quantity(value: object) -> float:
    """As Kubernetes writes it -> cores, bytes or pieces. Raises Unreadable for what is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Unreadable("something that is no amount")
    return float(match[1]) * (_FACTORS | _BINARY)[match[2] or ""]


def container(plan: "Plan") -> Mapping[str, float]:
    """Cores and bytes of one container."""
    compute = plan.compute
    return dict(zip(AMOUNTS, map(quantity, (compute.cpu, compute.memory, compute.ephemeral_storage)), strict=True))


def quota(plan: "Plan") -> Mapping[str, float]:
    """What a tenant's ResourceQuota says, key by key: as many pods as the plan allows, each as large as it allows."""
    objects = plan.objects
    together = {name: amount * objects.pods for name, amount in container(plan).items()}
    return {
        **{f"{side}.{name}": amount for side in ("requests", "limits") for name, amount in together.items()},
        "pods": float(objects.pods),
        "services": float(objects.services),
        "secrets": float(objects.secrets),
        "configmaps": float(objects.config_maps),
        **dict.fromkeys(NONE_OF, 0.0),
    }


def same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(abs(one), abs(other), 1.0)
