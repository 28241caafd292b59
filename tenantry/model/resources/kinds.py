"""The kinds of resources that may be declared, each with all that is to be known of it.

Its readers: the policy pack (who may declare it, how it says whose it is, is it protected), the recovery of a killed
run (its id), the reports of requests (does it hold data), drift (how grave a difference is) and `verify` (what it
limits). The rows stand in `systems/`, one module a system.
"""

from collections.abc import Iterator
from functools import lru_cache

from tenantry.model.resources.catalogue import KINDS
from tenantry.model.resources.facts import Owner


@lru_cache(maxsize=512)
def kind_name(type_: str) -> str:
    """alicloud:ram/role:Role -> alicloud:ram:Role, kubernetes:apps/v1:Deployment -> kubernetes:apps:Deployment."""
    package, _, rest = type_.partition(":")
    module, _, name = rest.rpartition(":")
    return f"{package}:{module.partition('/')[0]}:{name}"


def kinds_of(owner: Owner) -> frozenset[str]:
    """The kinds that this part of a stack may declare."""
    return frozenset(name for name, kind in KINDS.items() if owner in kind.owners)


def data_kinds() -> Iterator[str]:
    """The kinds whose removal loses data."""
    return (name for name, kind in KINDS.items() if kind.holds_data)
