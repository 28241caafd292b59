"""Whom a tenant's role trusts at Alibaba Cloud, as a plain value: the components write it, `verify` reads it back."""

from typing import Any

from tenantry.names import BROKER_USER, OIDC_PROVIDER, SERVICE_ACCOUNT, Names


def provider_arn(account: str) -> str:
    return f"acs:ram::{account}:oidc-provider/{OIDC_PROVIDER}"


def broker_arn(account: str) -> str:
    return f"acs:ram::{account}:user/{BROKER_USER}"


def trust(names: Names, account: str, issuer: str, audience: str, *, access: bool) -> dict[str, Any]:
    """Only the workload's own service account, and the platform's credential broker; never the account's root.

    Without access the same two are denied: a document must name somebody, and what is not allowed is denied anyway.
    """
    effect = "Allow" if access else "Deny"
    subject = f"system:serviceaccount:{names.namespace}:{SERVICE_ACCOUNT}"
    return {
        "Version": "1",
        "Statement": [
            {
                "Effect": effect,
                "Action": "sts:AssumeRole",
                "Principal": {"Federated": [provider_arn(account)]},
                "Condition": {
                    "StringEquals": {"oidc:aud": [audience], "oidc:iss": [issuer], "oidc:sub": [subject]},
                },
            },
            {"Effect": effect, "Action": "sts:AssumeRole", "Principal": {"RAM": [broker_arn(account)]}},
        ],
    }
