"""All rules: importing this imports every module below policies/rules/, whose rules register themselves."""

import importlib
import pkgutil
import sys
from typing import Final

from policies import rules
from policies.model.rule import Rule, all_rules

for _module in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}."):
    importlib.import_module(_module.name)

# Policy -> what it is about, in the order of the handbook; the text stands above each of its messages.
_ABOUT: Final = {
    "database": "A tenant's database is its own: owner, logins, rights, connections, template",
    "storage": "A tenant's files are its own: exact prefixes, short sessions, closed buckets",
    "dns": "A tenant's host name is its own, and requests to it carry its code",
    "workload": "A tenant's pods could not leave their namespace if they tried",
    "network": "A tenant is reached through the gateway and reaches what is listed",
    "foundation": "What all stand on is closed, encrypted, in several zones, and enforces the walls",
    "quotas": "A tenant takes what its plan gives",
    "protection": "What holds data is not removed by accident, and no secret stands in clear",
    "names": "Each thing says whose it is, and mentions no neighbour",
    "together": "Tenants have all their walls, and share nothing",
    "totals": "What all tenants may take together is there",
}


def _about(rule: Rule) -> str:
    """The first line of the module that holds the rule, for a policy of one module."""
    check = rule.on_resource or rule.on_stack
    return (sys.modules[check.__module__].__doc__ or "").splitlines()[0].rstrip(".") if check else ""


POLICIES: Final = {
    **_ABOUT,
    **{rule.policy: _about(rule) for rule in all_rules().values() if rule.policy not in _ABOUT},
}


def rules_of(policy: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in all_rules().values() if rule.policy == policy)
