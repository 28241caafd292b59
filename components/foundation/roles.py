"""A RAM role that is taken by the tokens of exact subjects, with policies of its own and no other."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_alicloud.ram import Policy, Role, RolePolicyAttachment

from components.shared.labels import MANAGER
from components.shared.ram_policies import to_canonical_json


def trust(provider_arn: str, issuer: str, audience: str, *subjects: str) -> dict[str, Any]:
    """Issuer, audience and subject are exact: a statement for each subject."""
    return {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Federated": [provider_arn]},
                "Condition": {"StringEquals": {"oidc:aud": [audience], "oidc:iss": [issuer], "oidc:sub": [subject]}},
            }
            for subject in subjects
        ],
    }


def role(
    name: str,
    role_name: str,
    trusted: Mapping[str, Any],
    grants: Mapping[str, Mapping[str, Any]],
    session_seconds: int,
    *,
    parent: pulumi.Resource,
    provider: pulumi.ProviderResource,
    protect: bool,
    after: Sequence[pulumi.Resource] = (),
) -> Role:
    """`grants` are policies by their names at RAM."""
    made = Role(
        f"{name}-role",
        role_name=role_name,
        description=MANAGER,
        assume_role_policy_document=to_canonical_json(dict(trusted)),
        max_session_duration=session_seconds,
        opts=pulumi.ResourceOptions(parent=parent, provider=provider, protect=protect, depends_on=list(after)),
    )
    for policy_name, document in grants.items():
        policy = Policy(
            f"{name}-{policy_name.rpartition('-')[2]}-policy",
            policy_name=policy_name,
            description=MANAGER,
            policy_document=to_canonical_json(dict(document)),
            rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
            force=True,
            opts=pulumi.ResourceOptions(parent=parent, provider=provider),
        )
        RolePolicyAttachment(
            f"{name}-{policy_name.rpartition('-')[2]}-attachment",
            role_name=role_name,
            policy_name=policy_name,
            policy_type="Custom",
            opts=pulumi.ResourceOptions(parent=parent, provider=provider, depends_on=[made, policy]),
        )
    return made
