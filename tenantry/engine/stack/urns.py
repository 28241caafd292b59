"""The parts of an URN that a person reads: which tenant, which step of it, which resource.

The tenant is the component `tenantry:components:Tenant` above a resource, the step the component below the tenant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

TENANT_TYPE = "tenantry:components:Tenant"
STACK_TYPE = "pulumi:pulumi:Stack"
_PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(frozen=True, slots=True, order=True)
class ResourceOwner:
    """The owner of a resource: `tenant` is empty for all that tenants share."""

    tenant: str
    step: str

    def __str__(self) -> str:
        return f"{self.tenant or 'platform'} {self.step}".strip()


@lru_cache(maxsize=100_000)  # asked for a resource and each of its ancestors, at every event of a run
def type_of(urn: str) -> str:
    """The resource's own type token."""
    return _types(urn)[-1]


def name_of(urn: str) -> str:
    """The resource's name in the program."""
    return urn.split("::", 3)[-1] if "::" in urn else urn


def is_component_type(token: str) -> bool:
    """Tells whether a type stands for a grouping of this project, not for a thing somewhere."""
    return token.startswith("tenantry:") and not token.startswith("tenantry:index:")


def is_plumbing(token: str) -> bool:
    """Stack and providers: they say nothing about a tenant."""
    return token == STACK_TYPE or token.startswith(_PROVIDER_PREFIX)


def place_of(urn: str, parents: Mapping[str, str]) -> ResourceOwner:
    """The tenant and step of a resource; `parents` maps URNs to those of their parents (also of the ancestors)."""
    chain = [urn]
    while (parent := parents.get(chain[-1], "")) and parent not in chain:
        chain.append(parent)
    chain = [link for link in chain if not is_plumbing(type_of(link))]
    for index, link in enumerate(chain):
        if type_of(link) == TENANT_TYPE:
            return ResourceOwner(name_of(link), _label(chain[index - 1], name_of(link)) if index else "")
    return ResourceOwner("", _label(chain[-2], name_of(chain[-1])) if len(chain) > 1 else "")


def describe(urn: str) -> str:
    """The resource as named in a message: its name and its type."""
    return f"{name_of(urn)} ({type_of(urn)})"


def _types(urn: str) -> list[str]:
    parts = urn.split("::", 3)
    return (parts[2] if len(parts) > 2 else urn).split("$")


def _label(urn: str, owner: str) -> str:
    """A component goes by its type (`database`), a plain resource by its own part of the name (`k001-dns`: `dns`)."""
    token = type_of(urn)
    if is_component_type(token):
        return token.rpartition(":")[2].lower()
    return name_of(urn).removeprefix(f"{owner}-")
