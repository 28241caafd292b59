"""The figures of each plan, in units that can be compared.

Read from the stack's plans.yaml without tenantry.spec.plans, whose models take 0.3 s to import at every preview.
The file is checked by `tenantry validate`; a test holds these figures against those models.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from policies.model.values import UnexpectedShape, at, mapping, number
from tenantry.names import PLUGIN_PREFIX, TENANTS_FOLDER

PROJECT_TENANTS: Final = Path(__file__).resolve().parents[2] / TENANTS_FOLDER
PLANS: Final = "plans.yaml"
SERVICES: Final = "services.yaml"

_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")
_FACTORS: Final = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_BINARY: Final = {f"{unit}i": 2.0 ** (10 * power) for power, unit in enumerate("KMGTP", start=1)}
AMOUNTS: Final = ("cpu", "memory", "ephemeral-storage")
OBJECTS: Final = ("pods", "services", "secrets", "configmaps")
# What a tenant may have none of: volumes, and what opens a way past the gateway.
NONE_OF: Final = (
    "services.nodeports",
    "services.loadbalancers",
    "persistentvolumeclaims",
    "requests.storage",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Cores, bytes and pieces."""

    container: Mapping[str, float]  # cpu, memory, ephemeral-storage of one
    replicas: float
    surge: float  # how many more while a roll-out replaces them
    connections: float
    objects: Mapping[str, float]  # pods, services, secrets, configmaps
    allowance: Mapping[str, tuple[float, float]]  # maxUsers, maxStorage: least and most
    request_rate: float  # a minute
    body_size: float  # bytes of one request

    @property
    def quota(self) -> Mapping[str, float]:
        """The expected ResourceQuota of a tenant, key by key: as many pods as the plan allows, each of full size."""
        together = {name: amount * self.objects["pods"] for name, amount in self.container.items()}
        return {
            **{f"{side}.{name}": amount for side in ("requests", "limits") for name, amount in together.items()},
            **self.objects,
            **dict.fromkeys(NONE_OF, 0.0),
        }


class Folder:
    """The folder of the stack's tenants: this process evaluates one stack."""

    tenants: Path = PROJECT_TENANTS


def file_of(name: str) -> Path:
    """The stack's own, where it has one, else the project's, as for `tenantry.fleet.load`."""
    own = Folder.tenants / name
    return own if own.is_file() else PROJECT_TENANTS / name


def plans() -> Mapping[str, Plan]:
    """By name. Raises OSError, YAMLError, LookupError or Unreadable for a file with faults."""
    return _plans(file_of(PLANS))


@cache
def _plans(file: Path) -> Mapping[str, Plan]:
    document = _document(file)
    return {name: _plan(document["defaults"], plan) for name, plan in mapping(at(document, "plans")).items()}


@dataclass(frozen=True, slots=True)
class Service:
    container: Mapping[str, float]
    port: float
    rate_limit: float  # calls a minute


def services() -> Mapping[str, Service]:
    """By name. Raises as `plans` does."""
    return _services(file_of(SERVICES))


@cache
def _services(file: Path) -> Mapping[str, Service]:
    return {name: _service(service) for name, service in mapping(at(_document(file), "services")).items()}


def plugin(object_name: str) -> Service | None:
    """The service of the catalogue that an object of this name belongs to."""
    return services().get(object_name.removeprefix(PLUGIN_PREFIX)) if object_name.startswith(PLUGIN_PREFIX) else None


def _document(path: Path) -> Any:
    import yaml  # not needed before the first rule asks, and this is called in a thread of its own

    return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (a safe one)


def _service(one: Any) -> Service:
    return Service(
        container={name: quantity(at(one, "compute", name.replace("-", "_"))) for name in AMOUNTS},
        port=number(at(one, "port")) or 0,
        rate_limit=quantity(at(one, "rate_limit")),
    )


def _plan(defaults: Any, own: Any) -> Plan:
    def given(*path: str) -> float:
        value = at(own, *path)
        return quantity(at(defaults, *path) if value is None else value)

    return Plan(
        container={name: given("compute", name.replace("-", "_")) for name in AMOUNTS},
        replicas=given("compute", "replicas"),
        surge=given("compute", "surge"),
        connections=given("database", "connections"),
        objects={
            key: given("objects", name)
            for key, name in zip(OBJECTS, ("pods", "services", "secrets", "config_maps"), strict=True)
        },
        allowance={
            key: (given("allowance", name, "min"), given("allowance", name, "max"))
            for key, name in (("maxUsers", "max_users"), ("maxStorage", "max_storage"))
        },
        request_rate=given("request_rate"),
        body_size=given("body_size"),
    )


def quantity(value: object) -> float:
    """Cores, bytes or pieces from Kubernetes' notation. Raises UnexpectedShape for other text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise UnexpectedShape("something that is no amount")
    return float(match[1]) * (_FACTORS | _BINARY)[match[2] or ""]


def same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(abs(one), abs(other), 1.0)
