"""The resources that all tenants of an installation share, one of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pulumi

from components.manifests.image_rules import ImageRules
from components.monitoring import logs
from components.monitoring.monitoring import Monitoring, MonitoringArgs, MonitoringInputs
from components.parts.admission import AdmissionPolicies, GuardrailsArgs
from components.parts.backups import Backups, BackupsArgs, Cron
from components.parts.bucket import Bucket, BucketArgs
from components.parts.database import Database, DatabaseArgs, Reader
from components.parts.federation import Federation, FederationArgs
from components.parts.gateway import GatewayArgs, PlatformGateway
from components.parts.namespace import POD_SECURITY
from components.shared.destroy_guard import seal
from components.shared.installation import BucketFacts, Installation, PlatformDependencies, Providers
from components.shared.labels import labels
from components.shared.manifest import Manifest
from components.shared.provider_resources import ClosedDatabases
from tenantry.model.lifecycle import Phase
from tenantry.model.resolved import ResolvedTenant
from tenantry.model.resources.systems.log_service import LogSettings
from tenantry.names import (
    ADMIN_DATABASE,
    BROKER_ACCOUNT,
    DEFAULT_ACCOUNT,
    EXPORTER_LOGIN,
    MAINTENANCE_DATABASE,
    PLATFORM_NAMESPACE,
    TEMPLATE_DATABASE,
    TEST_DATABASE,
)
from tenantry.watch.read_columns import READ_COLUMNS

MIGRATIONS: Final = "admin"  # the set in provider/migrations
ADMIN_CONNECTIONS: Final = 60
TEST_CONNECTIONS: Final = 20
EXPORTER_READS: Final = Reader(EXPORTER_LOGIN, 5, READ_COLUMNS)  # a scrape is one session; `verify` tries it beside
STATEMENT_TIMEOUT_S: Final = 30  # as long as a request may take at the gateway
IDLE_TIMEOUT_S: Final = 60
OPEN_BY_DEFAULT: Final = (MAINTENANCE_DATABASE, "template1")  # PostgreSQL lets every role connect to these


@dataclass(frozen=True, slots=True)
class PlatformArgs:
    installation: Installation
    providers: Providers
    tenants: Sequence[ResolvedTenant]  # of all cells: a bucket's rules are one document
    gateway_class: str
    gateway_controller: str | None
    tls_secret: str
    fingerprints: Sequence[str]
    migrations_digest: str
    encrypted_transport: bool
    images: ImageRules
    cron: Cron
    protect: bool
    monitoring: MonitoringInputs | None = None  # None: the cluster has no Prometheus operator
    closed_by_hba: bool = False  # the server's own databases are closed there, and not by us


class Platform(pulumi.ComponentResource):
    """Buckets, identities, the gateway, the admin database and the test site's."""

    foundations: PlatformDependencies  # for the tenants of the same stack
    facts: dict[str, Any]  # for the stack's outputs: known, and nothing secret
    secrets: dict[str, pulumi.Output[Any]]  # for the stack's outputs, encrypted
    seal: pulumi.CustomResource  # is there once all of it is

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Platform", name, None, opts)
        self._name, self._args = name, args
        at, providers = args.installation, args.providers
        child = pulumi.ResourceOptions(parent=self)
        kept = [tenant for tenant in args.tenants if tenant.phase is not Phase.GONE]
        system = self._bucket(at.system, providers.system, {tenant.code: tenant.names.temp_prefix for tenant in kept})
        photos = self._bucket(at.photos, providers.photos, {})
        federation = Federation(
            f"{name}-identity",
            FederationArgs(
                identity=at.identity,
                fingerprints=args.fingerprints,
                sources=(at.system, at.photos),
                backups=at.backups,
                provider=providers.system,
                protect=args.protect,
            ),
            child,
        )
        entry = PlatformGateway(
            f"{name}-gateway",
            GatewayArgs(
                at.gateway, at.zone, args.gateway_class, args.gateway_controller, args.tls_secret, providers.kubernetes
            ),
            child,
        )
        namespace = Manifest(
            f"{name}-namespace",
            "v1",
            "Namespace",
            {"name": PLATFORM_NAMESPACE, "labels": labels() | POD_SECURITY},
            {},
            pulumi.ResourceOptions(parent=self, provider=providers.kubernetes),
        )
        broker = self._account(f"{name}-broker-account", BROKER_ACCOUNT, namespace)
        account = Manifest(
            f"{name}-namespace-account",
            "v1",
            "ServiceAccount",
            {"name": DEFAULT_ACCOUNT, "namespace": PLATFORM_NAMESPACE, "labels": labels()},
            {"automountServiceAccountToken": False},
            pulumi.ResourceOptions(parent=self, provider=providers.kubernetes, depends_on=[namespace]),
            completes=True,
        )
        # The provisioner writes rows there: whoever owned their triggers would be the provisioner.
        admin = self._database(
            ADMIN_DATABASE,
            ADMIN_CONNECTIONS,
            rights="rows",
            migrations=(MIGRATIONS, args.migrations_digest),
            readers=[EXPORTER_READS] if args.monitoring else [],
        )
        test = self._database(TEST_DATABASE, TEST_CONNECTIONS, template=TEMPLATE_DATABASE)
        closed = ClosedDatabases(
            f"{name}-closed",
            () if args.closed_by_hba else OPEN_BY_DEFAULT,
            opts=pulumi.ResourceOptions(parent=self, provider=providers.steps),
        )
        guardrails = AdmissionPolicies(
            f"{name}-guardrails", GuardrailsArgs(at, args.images, providers.kubernetes), child
        )
        backups = Backups(
            f"{name}-backups",
            BackupsArgs(
                at, providers, PLATFORM_NAMESPACE, namespace, args.cron, args.encrypted_transport, args.protect
            ),
            child,
        )
        monitoring: list[pulumi.Resource] = []
        if args.monitoring is not None:
            password = admin.readers[EXPORTER_LOGIN]
            given = MonitoringArgs(args.monitoring, at, password, providers.kubernetes, namespace, [admin.ready])
            monitoring.append(Monitoring(f"{name}-monitoring", given, child))
        collected = at.of(LogSettings)
        if collected is not None and collected.log_project is not None:
            monitoring.append(self._logs(collected.log_project))
        parts = [
            system,
            photos,
            federation,
            entry,
            namespace,
            account,
            broker,
            admin,
            test,
            closed,
            guardrails,
            backups,
            *monitoring,
        ]
        self.seal = seal(f"{name}-seal", providers.random, parent=self, parts=parts, protect=args.protect)
        self.foundations = PlatformDependencies(
            buckets=[*system.ready, *photos.ready],
            identity=federation.ready,
            gateway=[entry.ready],
            guardrails=(guardrails.ready,),
            admin=[admin.ready, closed],
            vault=backups.ready,
        )
        self.facts = at.facts
        # A password that does not work yet is told to nobody.
        works = pulumi.Output.all(admin.password, admin.opened.id).apply(lambda both: str(both[0]))
        self.secrets = {
            "adminDatabase": pulumi.Output.secret({"name": ADMIN_DATABASE, "login": admin.login, "password": works}),
        }
        self.register_outputs(self.facts)

    def _logs(self, project: str) -> Manifest:
        """The collection of what pods print."""
        return Manifest(
            f"{self._name}-logs",
            logs.API_VERSION,
            logs.KIND,
            {"name": logs.name_of(project), "labels": labels()},
            logs.pipeline(project),
            pulumi.ResourceOptions(parent=self, provider=self._args.providers.kubernetes),
        )

    def _account(self, name: str, service_account: str, namespace: pulumi.Resource) -> Manifest:
        """An account of a platform's service: what runs as it holds what its role grants, and no token of the API."""
        return Manifest(
            name,
            "v1",
            "ServiceAccount",
            {"name": service_account, "namespace": PLATFORM_NAMESPACE, "labels": labels()},
            {"automountServiceAccountToken": False},
            pulumi.ResourceOptions(parent=self, provider=self._args.providers.kubernetes, depends_on=[namespace]),
        )

    def _bucket(self, bucket: BucketFacts, provider: pulumi.ProviderResource, temp: Mapping[str, str]) -> Bucket:
        args = self._args
        return Bucket(
            f"{self._name}-{bucket.name}",
            BucketArgs(
                bucket=bucket,
                account_id=args.installation.identity.account_id,
                zone=args.installation.zone,
                temp_prefixes=temp,
                encrypted_transport=args.encrypted_transport,
                provider=provider,
                protect=args.protect,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _database(
        self,
        database: str,
        connections: int,
        *,
        template: str | None = None,
        rights: Literal["owner", "rows"] = "owner",
        migrations: tuple[str, str] | None = None,
        readers: Sequence[Reader] = (),
    ) -> Database:
        return Database(
            f"{self._name}-{database.replace('_', '-')}",
            DatabaseArgs(
                database=database,
                logins=(f"{database}_a", f"{database}_b"),
                connections=connections,
                statement_timeout_s=STATEMENT_TIMEOUT_S,
                idle_timeout_s=IDLE_TIMEOUT_S,
                providers=self._args.providers,
                protect=self._args.protect,
                template=template,
                rights=rights,
                readers=readers,
                migrations=migrations,
            ),
            pulumi.ResourceOptions(parent=self),
        )
