"""Tenants' rules in what all tenants share: of a bucket's lifecycle rules, each with a tenant's code for its id.

They are in the state of the stack that holds the platform, whichever stack holds the tenant.
"""

from tenantry.engine.state.deployment import Deployment, Record
from tenantry.names import is_code
from tenantry.parsing.json_narrowing import mapping, sequence

RULES = "lifecycleRules"  # the bucket's input


def codes_in(record: Record) -> frozenset[str]:
    """Codes of the tenants that one resource has a rule of."""
    rules = map(mapping, sequence(mapping(record.get("inputs")).get(RULES)))
    return frozenset(code for rule in rules if is_code(code := str(rule.get("id"))))


def codes_with_rules(deployment: Deployment) -> frozenset[str]:
    """The same of a whole stack."""
    return frozenset[str]().union(*map(codes_in, deployment.resources))
