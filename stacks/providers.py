"""The providers of a stack, one of each, named and explicit."""

import pulumi
from pulumi_alicloud import Provider as AlicloudProvider
from pulumi_kubernetes import Provider as KubernetesProvider
from pulumi_postgresql import Provider as PostgresqlProvider
from pulumi_random import Provider as RandomProvider

from components.shared.installation import FoundationProviders, Providers
from components.shared.provider_resources import StepsProvider
from stacks.config import StackConfig
from stacks.reach import cloud_address, is_absent

CONNECT_TIMEOUT_S = 15
OLDEST_SERVER = "14.0.0"  # told to the plugin in place of asking the server, in previews without one
CONNECTIONS = 16  # of the postgresql plugin at once: as many clones of one template are known to work together


def make(config: StackConfig) -> Providers:
    settings, postgresql = config.settings, config.postgresql
    no_server = is_absent("PostgreSQL", postgresql.host, postgresql.port, "tenantry:databaseHost")
    shared = clouds(config)
    return Providers(
        kubernetes=KubernetesProvider(
            "kubernetes",
            kubeconfig=config.kubeconfig,
            cluster_identifier=settings.cluster_name,  # or a kubeconfig at another path would replace everything
            enable_server_side_apply=True,
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
        ),
        postgresql=PostgresqlProvider(
            "postgresql",
            host=postgresql.host,
            port=postgresql.port,
            username=postgresql.user,
            password=postgresql.password,
            sslmode=postgresql.sslmode,
            superuser=postgresql.superuser,
            connect_timeout=CONNECT_TIMEOUT_S,
            expected_version=OLDEST_SERVER if no_server else None,
            max_connections=CONNECTIONS,
        ),
        system=shared.system,
        photos=shared.photos,
        backups=shared.backups,
        random=shared.random,
        steps=_steps(config),
    )


def clouds(config: StackConfig) -> FoundationProviders:
    """All that a foundation needs."""
    settings = config.settings
    no_cloud = is_absent("Alibaba Cloud", *cloud_address(config.alibaba.proxy), "the way there, such as a proxy")
    return FoundationProviders(
        system=_alibaba("alicloud-system", config, settings.system_region, no_cloud),
        photos=_alibaba("alicloud-photos", config, settings.photo_region, no_cloud),
        backups=_alibaba("alicloud-backups", config, settings.backup_region, no_cloud),
        random=RandomProvider("random"),
    )


def _alibaba(name: str, config: StackConfig, region: str, is_absent: bool) -> pulumi.ProviderResource:
    """The embedded stand-in speaks HTTP, and knows nothing of the calls that would validate region and account.

    `is_absent`: nobody answers, and asking what kind of account it is would take half a minute.
    """
    alibaba = config.alibaba
    embedded = alibaba.proxy is not None
    return AlicloudProvider(
        name,
        region=region,
        account_id=alibaba.account_id,
        access_key=alibaba.access_key,
        secret_key=alibaba.secret_key,
        protocol="HTTP" if embedded else "HTTPS",
        skip_region_validation=True if embedded else None,
        account_type="Domestic" if embedded or is_absent else None,
    )


def _steps(config: StackConfig) -> StepsProvider:
    postgresql, alibaba = config.postgresql, config.alibaba
    settings = config.settings
    return StepsProvider(
        "steps",
        postgresql={
            "host": postgresql.host,
            "port": postgresql.port,
            "username": postgresql.user,
            "password": postgresql.password,
            "sslmode": postgresql.sslmode,
            "backupLimitMinutes": settings.backup_limit_minutes,
        },
        alibaba={
            "accessKey": alibaba.access_key,
            "secretKey": alibaba.secret_key,
            "accountId": alibaba.account_id,
            "proxy": alibaba.proxy,
            "regions": {
                settings.system_bucket: settings.system_region,
                settings.photo_bucket: settings.photo_region,
            },
        },
    )
