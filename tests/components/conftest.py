"""A tenant to build components from, and an installation for it to stand in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.manifests.image_rules import ImageRules
from components.parts.backups import Cron
from components.platform import Platform, PlatformArgs
from components.shared.installation import (
    Application,
    BucketFacts,
    EgressRule,
    Gateway,
    Identity,
    Installation,
    PlatformDependencies,
    Providers,
    Services,
)
from components.tenant import Tenant, TenantArgs
from tenantry.fleet.load import load_fleet
from tenantry.model.resolved import ResolvedTenant

TODAY = date(2026, 10, 20)
ACCOUNT = "1234567890123456"
CRON = Cron(
    image="tenantry:1",
    schedule="30 2 * * *",
    arguments=("backup", "--scheduled", "--stack", "test"),
    secrets={"PGPASSWORD": "hidden"},
    plain={"PGHOST": "10.0.0.5"},
)

MakeTenant = Callable[..., ResolvedTenant]


class Fake(pulumi.ProviderResource):
    """A provider of any package: only who uses it matters here."""

    def __init__(self, package: str, name: str) -> None:
        super().__init__(package, name, {})


def providers() -> Providers:
    """To be called inside the recorded program."""
    return Providers(
        kubernetes=Fake("kubernetes", "kubernetes"),
        postgresql=Fake("postgresql", "postgresql"),
        system=Fake("alicloud", "alicloud-system"),
        photos=Fake("alicloud", "alicloud-photos"),
        backups=Fake("alicloud", "alicloud-backups"),
        random=Fake("random", "random"),
        steps=Fake("tenantry", "steps"),
    )


@pytest.fixture
def tenant(tmp_path: Path) -> MakeTenant:
    """A tenant resolved from a file, with the fields given changed."""

    def make(**changes: Any) -> ResolvedTenant:
        document = {
            "code": "k001",
            "name": "示例幼儿园",
            "phone": "13800138001",
            "plan": "standard",
            "status": "active",
            "contact": {"name": "张三", "email": "zhangsan@example.com"},
            **changes,
        }
        folder = tmp_path / "tenants"
        folder.mkdir(exist_ok=True)
        path = folder / f"{document['code']}.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        return load_fleet(folder, today=TODAY)[document["code"]]

    return make


@pytest.fixture
def installation() -> Installation:
    return Installation(
        zone="yyup.cc",
        application=Application("registry.example.com/business-app:1.2.3", "/health"),
        database_host="10.0.0.5",
        database_port=5432,
        system=BucketFacts("systemkarder", "cn-guangzhou"),
        photos=BucketFacts("faceshanghaikarden", "cn-shanghai"),
        backups=BucketFacts("tenantrybackups", "cn-beijing"),
        identity=Identity(ACCOUNT, "https://issuer.example.com", "sts.aliyuncs.com"),
        gateway=Gateway("tenantry-gateway", "tenants", "192.0.2.10", proxies="envoy-gateway-system"),
        services=Services("http://admin:4001/api/v1", "http://bridge", "https://rent.yyup.cc", "http://admin:4001"),
        openings=(EgressRule("tenantry-platform", 4001), EgressRule(ip_network("10.0.0.5/32"), 5432)),
    )


@pytest.fixture
def parts(record: Any, installation: Installation) -> Callable[..., Any]:
    """Records the parts of one tenant."""

    def run(resolved: ResolvedTenant, *, protect: bool = True, **options: Any) -> Any:
        def program() -> None:
            Tenant(resolved.code, TenantArgs(resolved, installation, providers(), PlatformDependencies(), protect))

        return record(program, **options)

    return run


@pytest.fixture
def redis_parts(record: Any, installation: Installation) -> Callable[..., Any]:
    """The same with a cache, of k001 alone."""

    def run(resolved: ResolvedTenant, url: str) -> Any:
        services = replace(installation.services, caches={"k001": url})

        def program() -> None:
            at = replace(installation, services=services)
            Tenant(resolved.code, TenantArgs(resolved, at, providers(), PlatformDependencies(), True))

        return record(program)

    return run


@pytest.fixture
def make_providers() -> Callable[[], Providers]:
    return providers


@pytest.fixture
def reveal_all(secret_type: type) -> Callable[[Any], Any]:
    """The value with its secret parts in clear."""

    def reveal(value: Any) -> Any:
        if isinstance(value, secret_type):
            return reveal(value.value)  # pyright: ignore[reportAttributeAccessIssue] (the fixture's type is not known)
        if isinstance(value, dict):
            return {key: reveal(item) for key, item in value.items()}
        return [reveal(item) for item in value] if isinstance(value, list) else value

    return reveal


@pytest.fixture
def platform(record, installation, make_providers):
    def run(tenants=(), **changes: Any) -> Any:
        def program() -> Any:
            settings: dict[str, Any] = {
                "gateway_class": "envoy",
                "gateway_controller": None,
                "tls_secret": "wildcard",
                "fingerprints": ("a" * 40,),
                "migrations_digest": "digest",
                "encrypted_transport": True,
                "images": ImageRules("registry.example.com/business-app:1.2.3", (), digest=False),
                "cron": CRON,
                "protect": True,
                **changes,
            }
            made = Platform(
                "platform",
                PlatformArgs(
                    **{"installation": installation, "providers": make_providers(), "tenants": tenants, **settings}
                ),
            )
            return {name: output.is_secret() for name, output in made.secrets.items()}

        return record(program)

    return run
