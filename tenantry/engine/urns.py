"""What an URN tells a person: which tenant, which step of it, which resource.

The tenant is the component `tenantry:components:Tenant` above a resource, the step the component below the tenant.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TENANT_TYPE = "tenantry:components:Tenant"
STACK_TYPE = "pulumi:pulumi:Stack"
_PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a resource belongs: `tenant` is empty for what all tenants share."""

    tenant: str
    step: str

    def __str__(self) -> str:
        return f"{self.tenant or 'platform'} {self.step}".strip()


def type_of(urn: str) -> str:
    """The resource's own type token."""
    return _types(urn)[-1]


def name_of(urn: str) -> str:
    """The resource's name in the program."""
    return urn.split("::", 3)[-1] if "::" in urn else urn


def is_component_type(token: str) -> bool:
    """Whether a type stands for a grouping of this project, not for a thing somewhere."""
    return token.startswith("tenantry:") and not token.startswith("tenantry:index:")


def is_plumbing(token: str) -> bool:
    """Stack and providers: they say nothing about a tenant."""
    return token == STACK_TYPE or token.startswith(_PROVIDER_PREFIX)


def place_of(urn: str, parents: Mapping[str, str]) -> Place:
    """The tenant and step of a resource; `parents` maps URNs to those of their parents (also of the ancestors)."""
    chain = [urn]
    while (parent := parents.get(chain[-1], "")) and parent not in chain:
        chain.append(parent)
    chain = [link for link in chain if type_of(link) != STACK_TYPE]
    for index, link in enumerate(chain):
        if type_of(link) == TENANT_TYPE:
            return Place(name_of(link), _label(chain[index - 1]) if index else "")
    top = chain[-1] if chain else urn
    return Place("", "" if is_plumbing(type_of(top)) or top == urn else _label(chain[-2] if len(chain) > 2 else top))


def describe(urn: str) -> str:
    """The resource as named in a message: its name and its type."""
    return f"{name_of(urn)} ({type_of(urn)})"


def _types(urn: str) -> list[str]:
    parts = urn.split("::", 3)
    return (parts[2] if len(parts) > 2 else urn).split("$")


def _label(urn: str) -> str:
    """`tenantry:components:DnsRecord` -> `dnsrecord`; a plain resource goes by the last word of its type as well."""
    return type_of(urn).rpartition(":")[2].rpartition("/")[2].lower()
