"""Objects that the stack's own record gives each tenant: live ones may be no more, and must be there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tenantry.model.resources.catalogue import KINDS
from tenantry.model.resources.kinds import kind_name
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

RIGHTS: Final = "tenantry:index:CloneRights"
RECORD: Final = "alicloud:dns/alidnsRecord:AlidnsRecord"
CLUSTER: Final = "kubernetes:"


@dataclass(frozen=True, slots=True)
class Thing:
    """An object in the cluster."""

    version: str  # v1, apps/v1
    kind: str
    name: str
    namespace: str  # empty for a namespace itself
    urn: str = field(default="", compare=False)
    inputs: Tree = field(default_factory=dict[str, Any], repr=False, compare=False)  # as declared; secrets encrypted


@dataclass(frozen=True, slots=True)
class Declared:
    quotas: Mapping[str, Tree] = field(default_factory=dict[str, Tree])  # namespace -> `hard`
    limits: Mapping[str, Mapping[str, Tree]] = field(default_factory=dict[str, Mapping[str, Tree]])  # -> type -> `max`
    connections: Mapping[str, int] = field(default_factory=dict[str, int])  # database or login -> how many
    temp_files: Mapping[str, int] = field(default_factory=dict[str, int])  # login -> kB that one session may fill
    things: Mapping[str, Sequence[Thing]] = field(default_factory=dict[str, Sequence[Thing]])  # by their namespace
    # Of what is not in the cluster: by kind. Secrets are encrypted in it.
    inputs: Mapping[str, Sequence[Tree]] = field(default_factory=dict[str, Sequence[Tree]], repr=False)

    @property
    def records(self) -> dict[str, Tree]:
        """Host name -> the inputs of its DNS record."""
        return {
            f"{inputs.get('rr')}.{inputs.get('domainName')}": inputs
            for inputs in self.inputs.get(kind_name(RECORD), ())
        }


def declared(resources: Iterable[Any]) -> Declared:
    """From the resources of an exported stack."""
    quotas: dict[str, Tree] = {}
    limits: dict[str, Mapping[str, Tree]] = {}
    connections: dict[str, int] = {}
    temp_files: dict[str, int] = {}
    things: dict[str, list[Thing]] = {}
    others: dict[str, list[Tree]] = {}
    for resource in map(mapping, resources):
        kind, inputs = str(resource.get("type")), mapping(resource.get("inputs"))
        spec, space = mapping(inputs.get("spec")), str(mapping(inputs.get("metadata")).get("namespace"))
        if kind.endswith(":ResourceQuota"):
            quotas[space] = mapping(spec.get("hard"))
        elif kind.endswith(":LimitRange"):
            limits[space] = maxima(spec)
        elif "connectionLimit" in inputs and _limits_connections(kind):
            connections[str(inputs["name"])] = int(inputs["connectionLimit"])
        elif kind == RIGHTS and "tempFileLimit" in inputs:
            temp_files.update({str(login): int(inputs["tempFileLimit"]) for login in sequence(inputs.get("logins"))})
        if kind.startswith(CLUSTER) and not resource.get("delete"):
            thing = _thing(kind, inputs, str(resource.get("urn")))
            things.setdefault(thing.namespace or thing.name, []).append(thing)
        elif ":" in kind and not kind.startswith(CLUSTER):
            others.setdefault(kind_name(kind), []).append(inputs)
    return Declared(quotas, limits, connections, temp_files, things, others)


def _limits_connections(token: str) -> bool:
    kind = KINDS.get(kind_name(token))
    return kind is not None and kind.has_connection_limit


def _thing(kind: str, inputs: Tree, urn: str) -> Thing:
    _, version, name = kind.split(":", 2)
    metadata = mapping(inputs.get("metadata"))
    namespace = "" if name == "Namespace" else str(metadata.get("namespace") or "")
    version = version.removeprefix("core/")
    return Thing(version, name.removesuffix("Patch"), str(metadata.get("name")), namespace, urn, inputs)


def maxima(spec: Tree) -> dict[str, Tree]:
    """The maxima of a LimitRange: its type -> the most that one may have."""
    return {str(limit.get("type")): mapping(limit.get("max")) for limit in map(mapping, sequence(spec.get("limits")))}


def beyond(live: Tree, given: Tree) -> list[str]:
    """Live objects that are missing, or more than what was given."""
    faults = [f"no {name} of its own" for name in given if name not in live]
    return faults + [
        f"{name} is {live[name]}, and {amount} was given"
        for name, amount in given.items()
        if name in live and amount_of(live[name]) > amount_of(amount)
    ]


def least(several: Iterable[Tree]) -> dict[str, Any]:
    """The effective limits of several quotas or ranges of one namespace: each of them holds."""
    lowest: dict[str, Any] = {}
    for amounts in several:
        for name, amount in amounts.items():
            if name not in lowest or amount_of(amount) < amount_of(lowest[name]):
                lowest[name] = amount
    return lowest


def amount_of(text: Any) -> Any:
    """The amount in Kubernetes' notation; the API server writes 4000m as 4. Raises ValueError for other text."""
    import importlib

    return importlib.import_module("kubernetes.utils.quantity").parse_quantity(str(text))
