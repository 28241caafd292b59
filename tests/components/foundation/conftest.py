"""A foundation to record: everything made, or everything adopted."""

from collections.abc import Callable
from typing import Any

import pytest

from components.foundation.foundation import Foundation, FoundationArgs
from components.foundation.settings import FoundationSettings
from components.shared.installation import BucketFacts, FoundationProviders, Identity
from tests.components.conftest import ACCOUNT, Fake

MADE: dict[str, Any] = {
    "name": "tenantry-prod",
    "zones": ["cn-guangzhou-a", "cn-guangzhou-b"],
    "cluster": {"nodes": {"instanceTypes": ["ecs.g8i.2xlarge", "ecs.g7.2xlarge", "ecs.g8a.2xlarge"]}},
    "databaseServer": {"instanceType": "pg.x8.2xlarge.2c"},
    "deployer": {"subjects": ["repo:example/tenantry:environment:prod"]},
}
ADOPTED: dict[str, Any] = {
    "zones": ["cn-guangzhou-a", "cn-guangzhou-b"],
    "network": {
        "adopt": {
            "vpc": "vpc-1",
            "cidr": "10.0.0.0/16",
            "nodeSwitches": ["vsw-1", "vsw-2"],
            "podSwitches": ["vsw-3", "vsw-4"],
            "databaseSwitches": ["vsw-5", "vsw-6"],
        }
    },
    "encryption": {name: f"key-{name}" for name in ("cluster", "database", "system", "photos", "backups")},
    "logging": {"adopt": "logs"},
    "cluster": {"adopt": "c1"},
    "databaseServer": {"adopt": "pgm-1"},
    "audit": {"adopt": "trail"},
    "certificate": {"adopt": True},
    "deployer": {"adopt": "ci"},
    "registry": {"adopt": "registry.example.com/tenantry"},
}


def args_of(settings: dict[str, Any], *, protect: bool = True) -> FoundationArgs:
    """To be called inside the recorded program."""
    return FoundationArgs(
        settings=FoundationSettings.model_validate(settings),
        identity=Identity(ACCOUNT, "https://issuer.example.com", "sts.aliyuncs.com"),
        zone="yyup.cc",
        system=BucketFacts("systemkarder", "cn-guangzhou"),
        photos=BucketFacts("faceshanghaikarden", "cn-shanghai"),
        backups=BucketFacts("tenantrybackups", "cn-beijing"),
        database_user="tenantry",
        database_password="pg-hidden",
        providers=FoundationProviders(
            system=Fake("alicloud", "alicloud-system"),
            photos=Fake("alicloud", "alicloud-photos"),
            backups=Fake("alicloud", "alicloud-backups"),
            random=Fake("random", "random"),
        ),
        protect=protect,
    )


@pytest.fixture
def foundation(record: Any) -> Callable[..., Any]:
    """Records one; keyword arguments replace parts of its settings."""

    def run(base: dict[str, Any] | None = None, *, protect: bool = True, **changes: Any) -> Any:
        return record(lambda: Foundation("foundation", args_of({**(base or MADE), **changes}, protect=protect)).facts)

    return run
