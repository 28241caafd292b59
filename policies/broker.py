"""Object store: what the platform itself may at RAM: it has one user, which takes tenants' roles and nothing else."""

from collections.abc import Iterator
from typing import Final

from policies import documents
from policies.documents import allowing, texts
from policies.resource import Resource
from policies.rule import resource_rule
from policies.settings import Settings
from policies.storage import POLICY, TRUSTED, is_account
from policies.values import shown, text
from tenantry.names import BROKER_USER

USER: Final = "ram:User"
KEY: Final = "ram:AccessKey"
ATTACHMENT: Final = "ram:UserPolicyAttachment"
ASSUME: Final = "sts:AssumeRole"
TENANTS_ROLES: Final = "role/tenant-*"


@resource_rule(
    "storage-broker",
    kinds=[POLICY, USER, KEY, ATTACHMENT],
    why="Its key never ends: what it may, whoever comes by it may for all tenants at once.",
    remedy=f"let {BROKER_USER} take acs:ram::ACCOUNT:{TENANTS_ROLES} by its own Custom policy, and declare no more.",
)
def broker(resource: Resource, settings: Settings) -> Iterator[str]:
    """At RAM the platform has one user, the credential broker, which may take tenants' roles and nothing else."""
    if resource.code or resource.under_a_tenant:
        return  # judged as a tenant's, which has no users and no keys
    if resource.kind == POLICY:
        yield from _grants(resource, settings)
        return
    user = text(resource.props.get("name" if resource.kind == USER else "userName"))
    if user != BROKER_USER:
        yield f"its user is {shown(user)}"
    policy, sort = (text(resource.props.get(key)) for key in ("policyName", "policyType"))
    if resource.kind == ATTACHMENT and (policy, sort) != (BROKER_USER, "Custom"):
        yield f"it attaches {shown(policy)} ({shown(sort)})"


def _grants(resource: Resource, settings: Settings) -> Iterator[str]:
    for one in allowing(documents.of(resource, "policyDocument", "document")):
        for action in texts(one.get("Action")) or [""]:
            if action != ASSUME:
                yield f"it allows {shown(action)}"
        for arn in texts(one.get("Resource")) or [""]:
            match = TRUSTED.fullmatch(arn)
            if match is None or not is_account(match[1], settings) or match[2] != TENANTS_ROLES:
                yield f"it allows {ASSUME} on {shown(arn)}"
