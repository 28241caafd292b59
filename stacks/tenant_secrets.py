"""The tenants' secrets for other services, out of the stack's encrypted configuration (docs/secrets.md)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi.runtime.config import CONFIG

from tenantry.spec.setting_keys import SECRET_KEY, SECRETS, set_secret
from tenantry.spec.tenant import TenantSpec
from tenantry.spec.tenant_secrets import StackSecrets

# Of one value: all of a tenant's fit into a Secret, which holds 1 MiB, and each into an environment variable.
MOST_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class TenantSecrets:
    """Names, and values as outputs: as plain strings they do not leave this module."""

    known: StackSecrets
    values: Mapping[str, pulumi.Output[str]]  # CODE.KEY -> value

    def of(self, spec: TenantSpec) -> dict[str, pulumi.Output[str]]:
        """Name in the tenant's file -> value."""
        return {secret.name: self.values[secret.key] for secret in spec.secrets}


def read_tenant_secrets(encrypted: Callable[[str], bool], cells: frozenset[str] | None) -> TenantSecrets:
    """Raises RunError for one that stands in the stack's file in clear. What is wrong with a value is said of its name:
    it is a fault where a tenant's file refers to it."""
    config, stack = pulumi.Config(SECRETS), pulumi.get_stack()
    keys = sorted(key for full in CONFIG.get() for key in [full.removeprefix(f"{SECRETS}:")] if key != full)
    clear = next((key for key in keys if SECRET_KEY.fullmatch(key) and not encrypted(f"{SECRETS}:{key}")), None)
    if clear is not None:
        raise pulumi.RunError(
            f"nothing was changed: {SECRETS}:{clear} stands in the stack's file in clear: run "
            f"`{set_secret(clear, stack)}`, and change the secret where it was issued"
        )
    problem = {key: _wrong(config.get(key) or "") for key in keys}
    return TenantSecrets(StackSecrets(stack, problem, cells), {key: config.require_secret(key) for key in keys})


def _wrong(value: str) -> str:
    """The reason why a value cannot be handed to a pod; never any part of it."""
    size = len(value.encode("utf-8", "surrogatepass"))
    if not value.strip():
        return "is empty"
    if "\0" in value:
        return "holds a NUL character, which no environment variable can"
    return f"has {size} bytes, more than {MOST_BYTES}" if size > MOST_BYTES else ""
