"""The kinds of resources that may be declared: those that the other rules can evaluate."""

from collections.abc import Iterator
from typing import Final

from policies.model.resource import Resource
from policies.model.rule import resource_rule
from policies.model.settings import Settings
from tenantry.model.resources.facts import Owner
from tenantry.model.resources.kinds import kind_name, kinds_of

OWN_KINDS: Final = ("tenantry:", "pulumi:")  # components and our own provider's; the stack, providers, other stacks
TENANTS, PLATFORMS, FOUNDATIONS = (kinds_of(owner) for owner in Owner)


@resource_rule(
    "names-kind",
    why="Of a kind that no rule knows nobody has judged whom it reaches, starves or imitates.",
    remedy=(
        "declare it by the kinds in tenantry/model/resources/systems/; a new one goes there together with the rules "
        "that judge it."
    ),
)
def known(resource: Resource, settings: Settings) -> Iterator[str]:
    """Only kinds are declared that the components declare, for a tenant those of a tenant."""
    of_tenant = resource.under_a_tenant or resource.code is not None
    kind = kind_name(resource.type)
    platforms = PLATFORMS | FOUNDATIONS if resource.of_foundation else PLATFORMS
    if not kind.startswith(OWN_KINDS) and kind not in (TENANTS if of_tenant else platforms):
        yield f"{'a tenant' if of_tenant else 'the platform'} is given a {kind}"
