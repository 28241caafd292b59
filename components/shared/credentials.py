"""All passwords and keys of one tenant, from one random root that only the encrypted state holds.

Each is the HMAC-SHA256 of what it is for and of the number of its rotation: 256 bits, independent of the others for
whoever does not hold the root, hexadecimal and so nothing to escape anywhere. One resource instead of one for each
key, and the keys before the last rotation are known as long as they overlap, without having been stored anywhere.
After a leak of the state itself the root must go: `pulumi up --replace` its URN makes all of them anew at once.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import pulumi
from pulumi_random import RandomPassword

from tenantry.model.credential_rotation import ALL_CREDENTIALS, Rotation, of_key
from tenantry.model.resolved import ResolvedTenant

ROOT_LENGTH: Final = 64  # letters and digits: 381 bits
UNIFIED_TENANT_API: Final = "unifiedTenantApi"
AI: Final = "ai"


class TenantCredentials:
    """Makes the root; everything else is derived from it and is as secret."""

    def __init__(
        self, name: str, tenant: ResolvedTenant, *, parent: pulumi.Resource, provider: pulumi.ProviderResource
    ) -> None:
        self._tenant = tenant
        self.root = RandomPassword(
            name,
            length=ROOT_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=parent, provider=provider),
        )
        self._secret = pulumi.Output.secret(self.root.result)

    def key(self, purpose: str, number: int) -> pulumi.Output[str]:
        """The API key of this rotation number."""
        message = f"tenantry/{self._tenant.code}/{purpose}/{number}"
        return self._secret.apply(lambda root: derive_key(root, message))

    def current(self, purpose: str) -> pulumi.Output[str]:
        return self.key(purpose, self._all.number)

    def previous(self, purpose: str) -> pulumi.Output[str] | None:
        """The one before it, as long as that still works."""
        return self.key(purpose, self._all.number - 1) if self._all.overlaps else None

    def passwords(self, rotations: tuple[int, int]) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """The passwords of the two login roles: each keeps its own until it is rotated in."""
        first, second = rotations
        return self.key("database", first), self.key("database", second)

    def api_key(self, name: str) -> list[tuple[pulumi.Output[str], date | None]]:
        """The key and those before it that still work, each with the first day on which it no longer does."""
        alone = self._tenant.rotations[of_key(name)]
        numbers = [(self._all.number, alone.number, None), *_before(self._all, alone)]
        return [(self.key(f"{of_key(name)}/{every}", own), until) for every, own, until in numbers]

    def accepted(self) -> dict[str, Any]:
        """Digests of the tenant's tokens that the platform accepts: no token can be had from them. No access, none."""
        if not self._tenant.phase.has_access:
            return {}
        purposes = [UNIFIED_TENANT_API, *([AI] if self._tenant.ai_enabled else [])]
        return {
            **{purpose: self._digests(purpose) for purpose in purposes},
            "apiKeys": {
                key.name: {
                    "scopes": list(key.scopes),
                    "expiresAt": key.expires_at.isoformat(),
                    "accepted": [_digest(value, until) for value, until in self.api_key(key.name)],
                }
                for key in self._tenant.api_keys
            },
        }

    @property
    def _all(self) -> Rotation:
        return self._tenant.rotations[ALL_CREDENTIALS]

    def _digests(self, purpose: str) -> list[dict[str, Any]]:
        previous = self.previous(purpose)
        old = [] if previous is None else [_digest(previous, self._all.until)]
        return [_digest(self.current(purpose), None), *old]


def derive_key(root: str, message: str) -> str:
    return hmac.new(root.encode(), message.encode(), hashlib.sha256).hexdigest()


def _before(every: Rotation, alone: Rotation) -> Iterator[tuple[int, int, date]]:
    """The earlier values of a key, rotated with all others, alone or both, the one that counts longest first.

    Of two rotations on one day nobody can say which came first, or whether they came together: then each way counts.
    What never was is known to nobody, since all are derived.
    """
    if every.overlaps and alone.overlaps:
        both = (every.number - 1, alone.number - 1, min(every.until, alone.until))
        with_all, by_itself = (
            (every.number - 1, alone.number, every.until),
            (every.number, alone.number - 1, alone.until),
        )
        if every.since > alone.since:
            yield from (with_all, both)
        elif every.since < alone.since:
            yield from (by_itself, both)
        else:
            yield from (both, with_all, by_itself)
    elif every.overlaps:
        yield every.number - 1, alone.number, every.until
    elif alone.overlaps:
        yield every.number, alone.number - 1, alone.until


def _digest(value: pulumi.Output[str], until: date | None) -> dict[str, Any]:
    """Not secret: 256 random bits are not found by trying."""
    digest = pulumi.Output.unsecret(value.apply(lambda text: hashlib.sha256(text.encode()).hexdigest()))
    return {"sha256": digest} | ({"until": until.isoformat()} if until else {})
