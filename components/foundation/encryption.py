"""Keys in KMS, one for each thing that they encrypt: made, or named by their ids.

A key that is gone takes everything that it encrypted along. So it is protected here and at KMS, and removed, if ever,
only after the longest time that KMS waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_alicloud.kms import Alias, Key

from components.foundation.network import TAGS
from components.foundation.settings import EncryptionSettings

WAITING_DAYS: Final = 30  # the longest time between a removal that was asked for and the removal
ROTATION: Final = "365d"
PURPOSES: Final = ("cluster", "database", "system", "photos", "backups")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionArgs:
    name: str
    settings: EncryptionSettings
    providers: Mapping[str, pulumi.ProviderResource]  # by purpose: a key encrypts in its own region
    protect: bool


class FoundationEncryption(pulumi.ComponentResource):
    """KMS keys, one a purpose."""

    keys: dict[str, pulumi.Input[str]]

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:FoundationEncryption", name, None, opts)
        self.keys = {}
        for purpose in PURPOSES:
            adopted: str | None = getattr(args.settings, purpose)
            self.keys[purpose] = adopted or self._make(f"{name}-{purpose}", purpose, args)
        self.register_outputs({})

    def _make(self, name: str, purpose: str, args: EncryptionArgs) -> pulumi.Output[str]:
        provider = args.providers[purpose]
        key = Key(
            f"{name}-key",
            description=f"{args.name} {purpose}",
            key_spec="Aliyun_AES_256",
            automatic_rotation="Enabled",
            rotation_interval=ROTATION,
            deletion_protection="Enabled",
            pending_window_in_days=WAITING_DAYS,
            tags=TAGS,
            opts=pulumi.ResourceOptions(parent=self, provider=provider, protect=args.protect),
        )
        Alias(
            f"{name}-alias",
            alias_name=f"alias/{args.name}-{purpose}",
            key_id=key.id,
            opts=pulumi.ResourceOptions(parent=self, provider=provider),
        )
        return key.id
