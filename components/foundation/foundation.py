"""The foundation, composed: each part from its own file, each made or adopted."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.foundation.audit import AuditArgs, FoundationAudit
from components.foundation.certificate import CertificateArgs, FoundationCertificate
from components.foundation.cluster import ClusterArgs, FoundationCluster
from components.foundation.database_server import DatabaseServerArgs, FoundationDatabaseServer
from components.foundation.deployer import DeployerArgs, FoundationDeployer
from components.foundation.encryption import EncryptionArgs, FoundationEncryption
from components.foundation.logging import FoundationLogging, LoggingArgs
from components.foundation.network import FoundationNetwork, NetworkArgs
from components.foundation.registry import FoundationRegistry, RegistryArgs
from components.foundation.settings import FoundationSettings
from components.shared.destroy_guard import seal
from components.shared.installation import BucketFacts, FoundationProviders, Identity
from tenantry.model.resources.systems.log_service import FLOWS


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundationArgs:
    settings: FoundationSettings
    identity: Identity
    zone: str
    system: BucketFacts
    photos: BucketFacts
    backups: BucketFacts
    database_user: str
    database_password: pulumi.Input[str]
    providers: FoundationProviders
    protect: bool


class Foundation(pulumi.ComponentResource):
    """Network, keys, logs, cluster, database server, audit, certificate, deployer, registry."""

    facts: dict[str, Any]  # for the stack's outputs: the ids that the platform's settings name
    seal: pulumi.CustomResource  # is there once all of it is

    def __init__(self, name: str, args: FoundationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Foundation", name, None, opts)
        settings, provider, protect = args.settings, args.providers.system, args.protect
        account, region, prefix = args.identity.account_id, args.system.region, settings.name
        child = pulumi.ResourceOptions(parent=self)
        by_purpose = {"system": provider, "photos": args.providers.photos, "backups": args.providers.backups}
        logs = FoundationLogging(
            f"{name}-logging",
            LoggingArgs(
                name=prefix,
                settings=settings.logging,
                audit_days=settings.audit.retention_days,
                provider=provider,
                protect=protect,
            ),
            child,
        )
        keys = FoundationEncryption(
            f"{name}-encryption",
            EncryptionArgs(
                name=prefix,
                settings=settings.encryption,
                providers={"cluster": provider, "database": provider, **by_purpose},
                protect=protect,
            ),
            child,
        )
        network = FoundationNetwork(
            f"{name}-network",
            NetworkArgs(
                name=prefix,
                settings=settings.network,
                zones=settings.zones,
                region=region,
                account_id=account,
                buckets=[backup for backup in (args.system, args.photos, args.backups) if backup.region == region],
                log_project=logs.project,
                log_store=FLOWS,
                provider=provider,
                protect=protect,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=list(logs.ready)),
        )
        cluster = FoundationCluster(
            f"{name}-cluster",
            ClusterArgs(
                name=prefix,
                settings=settings.cluster,
                node_switches=network.switches["nodes"],
                pod_switches=network.switches["pods"],
                key=keys.keys["cluster"],
                log_project=logs.project,
                log_days=settings.logging.retention_days,
                provider=provider,
                protect=protect,
                after=logs.ready,
            ),
            child,
        )
        server = FoundationDatabaseServer(
            f"{name}-database",
            DatabaseServerArgs(
                name=prefix,
                settings=settings.database_server,
                zones=settings.zones,
                vpc=network.vpc,
                cidr=network.cidr,
                switches=network.switches["database"],
                key=keys.keys["database"],
                account_id=account,
                user=args.database_user,
                password=args.database_password,
                provider=provider,
                protect=protect,
            ),
            child,
        )
        audit = FoundationAudit(
            f"{name}-audit",
            AuditArgs(
                name=prefix,
                settings=settings.audit,
                log_project=logs.project,
                region=region,
                account_id=account,
                provider=provider,
                protect=protect,
                after=logs.ready,
            ),
            child,
        )
        certificate = FoundationCertificate(
            f"{name}-certificate",
            CertificateArgs(
                settings=settings.certificate,
                identity=args.identity,
                zone=args.zone,
                provider=provider,
                protect=protect,
            ),
            child,
        )
        deployer = FoundationDeployer(
            f"{name}-deployer",
            DeployerArgs(
                name=prefix,
                settings=settings.deployer,
                account_id=account,
                zone=args.zone,
                buckets=(args.system.name, args.photos.name, args.backups.name),
                provider=provider,
                protect=protect,
            ),
            child,
        )
        registry = FoundationRegistry(
            f"{name}-registry",
            RegistryArgs(name=prefix, settings=settings.registry, region=region, provider=provider, protect=protect),
            child,
        )
        parts = [logs, keys, network, cluster, server, audit, certificate, deployer, registry]
        self.seal = seal(f"{name}-seal", args.providers.random, parent=self, parts=parts, protect=protect)
        self.facts = {
            "vpc": network.vpc,
            "cluster": cluster.id,
            "databaseServer": server.id,
            "databaseHost": server.host,
            "keys": keys.keys,
            "logProject": logs.project,
            "trail": audit.trail,
            "deployer": deployer.role,
            "preview": deployer.preview_role,
            "registry": registry.prefix,
        }
        self.register_outputs({})
