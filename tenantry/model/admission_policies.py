"""The guard rails at the API server, by name: the components make them, the policies miss them, `verify` tries them."""

from typing import Final

PREFIX: Final = "tenantry-"
RAILS: Final = tuple(
    PREFIX + name
    for name in (
        "routes",
        "entrances",
        "services",
        "connections",
        "pods",
        "grace",
        "tokens",
        "standing-tokens",
        "walls",
        "own",
        "scale",
        "finalizers",
        "labels",
        "namespaces",
    )
)
EVERYWHERE: Final = f"{PREFIX}namespaces"  # looks at all namespaces; the others at those of tenants
