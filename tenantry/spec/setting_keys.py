"""The keys of a stack's configuration that are settings: an unknown one is refused, as it was meant to do something."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

NAMESPACE: Final = "tenantry"  # of this program's settings, whatever the project is called
SECRETS: Final = "tenantry-secrets"  # of the tenants' own secrets, each called CODE.KEY (docs/secrets.md)
# Settings that are secrets: the engine keeps them encrypted.
ENCRYPTED: Final = ("databasePassword", "kubeconfig", "alibabaAccessKey", "alibabaSecretKey", "redisUrls")
SECRET_KEY: Final = re.compile(r"(k[0-9]{3,6})\.([A-Za-z][A-Za-z0-9_-]{0,63})")
FOUNDATION: Final = "foundation"  # a document, which Pulumi.yaml cannot describe: docs/production.md
ENGINE: Final = "pulumi"  # the engine's own, such as pulumi:tags


def unknown_setting(key: str, known: Collection[str]) -> str | None:
    """The fault of a full key, `NAMESPACE:NAME`; None for a setting, a tenant's secret and the engine's keys."""
    namespace, _, name = key.partition(":")
    if namespace == ENGINE or (namespace == NAMESPACE and (name in known or name == FOUNDATION)):
        return None
    if namespace == SECRETS:
        if SECRET_KEY.fullmatch(name):
            return None
        return f"{key} is no tenant's secret: call it {SECRETS}:CODE.KEY, such as {SECRETS}:k001.wechatPayKey"
    meant = next(iter(get_close_matches(name, known, n=1, cutoff=0.6)), None)
    advice = f"is {NAMESPACE}:{meant} meant?" if meant else "Pulumi.yaml describes every setting"
    return f"{key} is no setting, nothing reads it: {advice}"


def set_secret(key: str, stack: str, namespace: str = SECRETS) -> str:
    """The command that sets the secret `CODE.KEY`, or the one of another namespace; it asks for the value."""
    return f"pulumi config set --secret {namespace}:{key} --stack {stack}"


def is_encrypted(key: str) -> bool:
    """Tells whether the value of this full key must not stand in clear: a tenant's secret, or a setting that is one."""
    namespace, _, name = key.partition(":")
    return namespace == SECRETS or (namespace == NAMESPACE and name in ENCRYPTED)
