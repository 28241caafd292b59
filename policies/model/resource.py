"""A resource as the rules see it: its kind, its properties, and whose it is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from policies.model.unknown import UnknownValueError
from policies.model.values import Leaf, UnexpectedShape, at, gathered, text
from tenantry.model.resources.catalogue import KINDS
from tenantry.model.resources.facts import BESIDES, NAMESPACE
from tenantry.model.resources.kinds import kind_name
from tenantry.names import CODE, is_code

TENANT_LABEL: Final = "tenantry.io/tenant"
PLATFORM: Final = "platform"  # whose a resource is that is no tenant's
TENANT_TYPE: Final = "tenantry:components:Tenant"
FOUNDATION_TYPE: Final = "tenantry:components:Foundation"

_URN_NAME: Final = re.compile(rf"({CODE.pattern})(?:-.*)?")


@lru_cache(maxsize=256)
def kind_of(type_: str) -> str:
    """The kind as rules name it: kubernetes:apps/v1:Deployment -> kubernetes:Deployment, alicloud:ram/role:Role ->
    ram:Role.
    """
    package, module, name = kind_name(type_).split(":")
    return f"{module}:{name}" if package == "alicloud" else f"{package}:{name}"


_CLAIMS: Final = {kind_of(name): kind.claims for name, kind in KINDS.items() if kind.claims}
# What a tenant has of these must say itself whose it is; of the others (passwords, objects) only the component tells.
CLAIMING: Final = frozenset(_CLAIMS)
# The claims that are the thing's own name or place: the others alone would leave that open.
PLACES: Final = frozenset({"label", "namespace"} | {key for claims in _CLAIMS.values() for key in claims} - BESIDES)


@dataclass(frozen=True)
class Resource:
    """`props` are the inputs for a resource rule, and the outputs of the run for a stack rule."""

    type: str
    urn: str
    props: Mapping[str, Any]
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    secret_outputs: tuple[str, ...] = ()
    delete_before_replace: bool = False
    dependencies: tuple[str, ...] = ()  # URNs; for stack rules

    @cached_property
    def kind(self) -> str:
        return kind_of(self.type)

    def leaves(self) -> Iterator[Leaf]:
        """All leaves of the properties (`values.leaves`), which more than one rule goes through."""
        leaves, unknown = self._gathered
        yield from leaves
        if unknown is not None:
            raise unknown

    @cached_property
    def _gathered(self) -> tuple[Sequence[Leaf], UnknownValueError | None]:
        return gathered(self.props)

    @property
    def in_kubernetes(self) -> bool:
        return self.kind.startswith("kubernetes:")

    @cached_property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]

    @property
    def stack(self) -> str:
        parts = self.urn.split(":", 3)  # urn:pulumi:STACK::
        return parts[2] if len(parts) == 4 else ""

    @cached_property
    def under_a_tenant(self) -> bool:
        """A Tenant component stands above it (or is it itself)."""
        parts = self.urn.split("::", 3)  # urn:pulumi:STACK :: PROJECT :: TYPES FROM THE TOP :: NAME
        return len(parts) == 4 and TENANT_TYPE in parts[2].split("$")

    @cached_property
    def of_foundation(self) -> bool:
        """The Foundation component stands above it."""
        parts = self.urn.split("::", 3)
        return len(parts) == 4 and FOUNDATION_TYPE in parts[2].split("$")

    @cached_property
    def declared_by(self) -> str | None:
        """The code of that Tenant component: its parts have names that begin with it."""
        match = _URN_NAME.fullmatch(self.name) if self.under_a_tenant else None
        return match[1] if match else None

    @cached_property
    def claims(self) -> Mapping[str, str]:
        """Property -> code of the tenant that it names."""
        if self.in_kubernetes:
            return dict(self._kubernetes_claims())
        claims: dict[str, str] = {}
        for key, pattern in _CLAIMS.get(self.kind, {}).items():
            value = self.props.get(key)
            match = pattern.fullmatch(value) if isinstance(value, str) else None
            if match is not None:
                inner = match[1] if match.re.groups else match[0]
                claims[key] = inner if inner.startswith("k") else f"k{inner}"
        return claims

    def _kubernetes_claims(self) -> list[tuple[str, str]]:
        label = at(self.props, "metadata", "labels", TENANT_LABEL)
        space = self.props.get("metadata") and at(self.props, "metadata", self._namespace_key)
        claims = [("label", label)] if isinstance(label, str) and is_code(label) else []
        match = NAMESPACE.fullmatch(space) if isinstance(space, str) else None
        return [*claims, ("namespace", match[1])] if match else claims

    @property
    def _namespace_key(self) -> str:
        return "name" if self.kind == "kubernetes:Namespace" else "namespace"

    @cached_property
    def code(self) -> str | None:
        """The tenant's code, by the resource's own properties; where these are silent, by the component that declares
        it.
        """
        return next(iter(self.claims.values()), None) or self.declared_by

    @property
    def namespace(self) -> str:
        return text(at(self.props, "metadata", self._namespace_key))

    @property
    def object_name(self) -> str:
        """The object's own name, where it has one that can be read; else the name in the program. For messages."""
        try:
            value = at(self.props, "metadata", "name") if self.in_kubernetes else self.props.get("name")
        except (UnknownValueError, UnexpectedShape):
            value = None
        return value if isinstance(value, str) and value else self.name

    def first(self, *keys: str) -> Any:
        """The first of several spellings of a property that is there: older plugins know older names."""
        return next((self.props[key] for key in keys if self.props.get(key) is not None), None)
