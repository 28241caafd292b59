"""The typed configuration of this stack: the only module that reads the environment and the clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pulumi

from components.shared.installation import (
    Application,
    BucketFacts,
    Gateway,
    Identity,
    Installation,
    Scaling,
    Services,
    Transport,
)
from stacks.caches import read_caches
from stacks.settings import PROJECT, SECRETS, Settings, of_systems, read_secrets, read_settings
from stacks.tenant_secrets import TenantSecrets, read_tenant_secrets
from tenantry.engine.stack.clock import utc_day
from tenantry.engine.stack.embedded import EMBEDDED_STACKS
from tenantry.engine.stack.environment import LEAVE_OUT

ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class StackScope:
    """The parts of the installation that this stack holds."""

    platform: bool
    cells: frozenset[str] | None  # None: all of them
    foundation: bool = False  # named: it is made, or adopted, as `tenantry:foundation` says

    def cell(self, name: str) -> bool:
        return self.cells is None or name in self.cells

    @property
    def is_foundation_alone(self) -> bool:
        """A stack's first run: there is no cluster and no database server yet."""
        return self.foundation and not self.platform and self.cells == frozenset()


@dataclass(frozen=True, slots=True)
class PostgreSql:
    host: str
    port: int
    user: str
    sslmode: str
    superuser: bool
    password: pulumi.Output[str]


@dataclass(frozen=True, slots=True)
class Alibaba:
    account_id: str
    access_key: pulumi.Output[str]
    secret_key: pulumi.Output[str]
    proxy: str | None  # of the embedded stand-in, which speaks HTTP


@dataclass(frozen=True, slots=True)
class StackConfig:
    stack: str
    embedded: bool
    holds: StackScope
    settings: Settings
    today: date
    protect: bool
    tenants: Path
    installation: Installation
    postgresql: PostgreSql
    alibaba: Alibaba
    kubeconfig: pulumi.Output[str]
    secrets: TenantSecrets
    left_out: frozenset[str] = frozenset()  # codes of tenants that a preview does without

    @property
    def system_layer(self) -> Mapping[str, str]:
        """The configuration of every tenant that neither plan nor tenant overrides."""
        version = self.settings.image.partition("@")[0].rpartition(":")[2]
        return {"version": version, "environment": self.stack, "region": self.settings.system_region}


def read(environment: Mapping[str, str], clock: date | None = None) -> StackConfig:
    """Raises RunError for whatever is missing, wrong or refused."""
    config, stack = pulumi.Config(PROJECT), pulumi.get_stack()
    settings = read_settings(config)
    secrets = read_secrets(config, pulumi.runtime.is_config_secret)
    embedded = EMBEDDED_STACKS.fullmatch(stack) is not None
    holds = _holds(settings)
    given = _StackValues(settings, secrets, environment if embedded else {}, has_systems=not holds.is_foundation_alone)
    postgresql, alibaba = given.postgresql(), given.alibaba()
    return StackConfig(
        stack=stack,
        embedded=embedded,
        holds=holds,
        settings=settings,
        today=_today(settings, embedded, clock or utc_day()),
        protect=settings.allow_destroy != stack,
        tenants=ROOT / settings.tenants,
        installation=_installation(
            settings, postgresql, alibaba.account_id, read_caches(config, secrets.get("redisUrls"))
        ),
        postgresql=postgresql,
        alibaba=alibaba,
        kubeconfig=given.kubeconfig(),
        secrets=read_tenant_secrets(pulumi.runtime.is_config_secret, holds.cells),
        left_out=_left_out(environment),
    )


def _left_out(environment: Mapping[str, str]) -> frozenset[str]:
    """`tenantry preview` asks for it, to look behind the first fault. A run that changes things never leaves one out:
    to the engine it would be gone."""
    return frozenset(environment.get(LEAVE_OUT, "").split(",")) if pulumi.runtime.is_dry_run() else frozenset()


@dataclass(frozen=True, slots=True)
class _StackValues:
    """Settings, or what the environment says in their place: nothing of it outside embedded stacks."""

    settings: Settings
    secrets: Mapping[str, pulumi.Output[str]]
    environment: Mapping[str, str]
    has_systems: bool = True  # False before there is a cluster and a database server: where they are is not asked

    def postgresql(self) -> PostgreSql:
        return PostgreSql(
            host=self._text("PGHOST", "databaseHost", self.settings.database_host or self._none_yet),
            port=int(self.environment.get("PGPORT") or self.settings.database_port),
            user=self._text("PGUSER", "databaseUser", self.settings.database_user),
            sslmode=self.environment.get("PGSSLMODE") or self.settings.database_sslmode,
            superuser=self.settings.database_superuser,
            password=self._secret("PGPASSWORD", "databasePassword"),
        )

    def alibaba(self) -> Alibaba:
        return Alibaba(
            account_id=self._text("ALICLOUD_ACCOUNT_ID", "accountId", self.settings.account_id),
            access_key=self._secret("ALICLOUD_ACCESS_KEY", "alibabaAccessKey"),
            secret_key=self._secret("ALICLOUD_SECRET_KEY", "alibabaSecretKey"),
            proxy=self.environment.get("TENANTRY_ALIBABA_PROXY"),
        )

    def kubeconfig(self) -> pulumi.Output[str]:
        """In embedded stacks a path, which the plugin reads by itself. Never absent: the SDK would take whichever
        cluster the shell happens to point at."""
        path = self.environment.get("KUBECONFIG") or self._none_yet
        return pulumi.Output.from_input(path) if path else self.secrets.get("kubeconfig") or _missing("kubeconfig")

    @property
    def _none_yet(self) -> str | None:
        return None if self.has_systems else "none-yet"

    def _text(self, variable: str, key: str, value: str | None) -> str:
        return self.environment.get(variable) or value or _missing(key)

    def _secret(self, variable: str, key: str) -> pulumi.Output[str]:
        value = self.environment.get(variable)
        return pulumi.Output.secret(value) if value else self.secrets.get(key) or _missing(key)


def _missing(key: str) -> Any:
    secret = "--secret " if key in SECRETS else ""
    raise pulumi.RunError(f"{PROJECT}:{key} is not set: `pulumi config set {secret}{key}`")


def _holds(settings: Settings) -> StackScope:
    named = frozenset(part.removeprefix("cell/") for part in settings.holds if part.startswith("cell/"))
    return StackScope(
        platform="platform" in settings.holds,
        cells=None if "cells" in settings.holds else named,
        foundation="foundation" in settings.holds,
    )


def _today(settings: Settings, embedded: bool, clock: date) -> date:
    """A day of one's own choosing could let a deleted tenant's 30 days pass in a moment."""
    if settings.today is None:
        return clock
    if not embedded:
        raise pulumi.RunError(f"{PROJECT}:today is refused outside local and test stacks: remove it")
    return settings.today


def _backup_bucket(settings: Settings) -> BucketFacts:
    """A backup in the region of what it is a backup of would be lost with it."""
    if settings.backup_region in (settings.system_region, settings.photo_region):
        raise pulumi.RunError(
            f"{PROJECT}:backupRegion is {settings.backup_region}, where the tenants' files are: choose another region"
        )
    return BucketFacts(settings.backup_bucket, settings.backup_region, settings.backup_kms_key)


def _installation(
    settings: Settings, postgresql: PostgreSql, account_id: str, caches: Mapping[str, pulumi.Output[str]]
) -> Installation:
    return Installation(
        zone=settings.zone,
        application=Application(settings.image, settings.health_path),
        database_host=settings.app_database_host or postgresql.host,
        database_port=settings.app_database_port or postgresql.port,
        system=BucketFacts(settings.system_bucket, settings.system_region, settings.system_kms_key),
        photos=BucketFacts(settings.photo_bucket, settings.photo_region, settings.photo_kms_key),
        backups=_backup_bucket(settings),
        identity=Identity(
            account_id,
            settings.oidc_issuer,
            settings.oidc_audience,
            settings.oidc_provider,
            settings.oidc_provider_adopted,
        ),
        gateway=Gateway(
            settings.gateway_namespace,
            settings.gateway_name,
            str(settings.gateway_address),
            settings.gateway_proxy_namespace or settings.gateway_namespace,
            settings.gateway_policies,
            settings.gateway_shared_limits,
        ),
        services=Services(
            unified_tenant_api=settings.unified_tenant_api_url,
            ai_bridge=settings.ai_bridge_url,
            gateway=settings.gateway_url or f"https://rent.{settings.zone}",
            admin=settings.admin_service_url,
            caches=caches,
        ),
        openings=settings.egress,
        scaling=Scaling(settings.keda, settings.keda_account, settings.prometheus_url),
        transport=Transport(postgresql.sslmode, settings.database_ca),
        systems=of_systems(settings),
    )
