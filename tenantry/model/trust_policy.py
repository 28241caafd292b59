"""The trust of a role at Alibaba Cloud, as plain values: the components write them, `verify` reads them back."""

from typing import Any

from tenantry.names import BROKER_ROLE, OIDC_PROVIDER, PLATFORM_NAMESPACE, SERVICE_ACCOUNT, Names


def provider_arn(account: str, provider: str = OIDC_PROVIDER) -> str:
    return f"acs:ram::{account}:oidc-provider/{provider}"


def broker_arn(account: str) -> str:
    return f"acs:ram::{account}:role/{BROKER_ROLE}"


def trust(
    names: Names, account: str, issuer: str, audience: str, *, access: bool, provider: str = OIDC_PROVIDER
) -> dict[str, Any]:
    """Only the workload's own service account, and the platform's credential broker; never the account's root.

    Without access the same two are denied: a document must name somebody, and what is not allowed is denied anyway.
    """
    effect = "Allow" if access else "Deny"
    return {
        "Version": "1",
        "Statement": [
            _of_pods(names.namespace, SERVICE_ACCOUNT, provider_arn(account, provider), issuer, audience, effect),
            {"Effect": effect, "Action": "sts:AssumeRole", "Principal": {"RAM": [broker_arn(account)]}},
        ],
    }


def platform_trust(
    service_account: str, account: str, issuer: str, audience: str, provider: str = OIDC_PROVIDER
) -> dict[str, Any]:
    """One service account of the platform's namespace, and nobody else."""
    arn = provider_arn(account, provider)
    return {
        "Version": "1",
        "Statement": [_of_pods(PLATFORM_NAMESPACE, service_account, arn, issuer, audience, "Allow")],
    }


def _of_pods(
    namespace: str, service_account: str, provider: str, issuer: str, audience: str, effect: str
) -> dict[str, Any]:
    """By the token that the cluster projects into its pods: issuer, audience and subject are exact."""
    subject = f"system:serviceaccount:{namespace}:{service_account}"
    return {
        "Effect": effect,
        "Action": "sts:AssumeRole",
        "Principal": {"Federated": [provider]},
        "Condition": {"StringEquals": {"oidc:aud": [audience], "oidc:iss": [issuer], "oidc:sub": [subject]}},
    }
