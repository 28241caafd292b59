"""The database server: RDS for PostgreSQL in two zones, encrypted, reached from the VPC alone and by TLS alone.

RDS has no switch that refuses connections without TLS: its pg_hba does. The same entries close `postgres` and
`template1` to tenants' logins: those databases belong to RDS's own administrator, so no REVOKE of ours reaches them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_alicloud.rds import BackupPolicy, Instance, InstanceParameterArgs, InstancePgHbaConfArgs, RdsAccount

from components.foundation.network import TAGS
from components.foundation.settings import DatabaseServerSettings
from tenantry.model.database_parameters import PARAMETERS

# What a change of these does is a new server: the engine is told to leave it, protection refuses it besides.
BIRTH: Final = ("engine", "zoneId", "zoneIdSlaveA", "vswitchId", "vpcId", "dbTimeZone")
BACKUP_DAYS: Final = ("Monday", "Wednesday", "Friday", "Sunday")
ANYWHERE: Final = "0.0.0.0/0"  # in pg_hba alone, where it refuses


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServerArgs:
    name: str
    settings: DatabaseServerSettings
    zones: Sequence[str]
    vpc: pulumi.Input[str]
    cidr: str  # whence it is reached
    switches: Sequence[pulumi.Input[str]]
    key: pulumi.Input[str]
    account_id: str
    user: str  # of the provisioner
    password: pulumi.Input[str]
    provider: pulumi.ProviderResource
    protect: bool


def hba(user: str, cidr: str) -> list[InstancePgHbaConfArgs]:
    """In order: the provisioner alone into the server's own databases, everybody by TLS from the VPC, nobody else."""
    rows = (
        ("hostssl", "postgres,template1", user, cidr, "scram-sha-256"),
        ("host", "postgres,template1", "all", ANYWHERE, "reject"),
        ("hostssl", "all", "all", cidr, "scram-sha-256"),
        ("hostnossl", "all", "all", ANYWHERE, "reject"),
    )
    return [
        InstancePgHbaConfArgs(priority_id=place, type=kind, database=database, user=who, address=address, method=method)
        for place, (kind, database, who, address, method) in enumerate(rows)
    ]


def parameters(settings: DatabaseServerSettings) -> dict[str, str]:
    """Those that tenants on one server ask for, and what a database for each of them does."""
    left = set(settings.without_parameters)
    shared = {parameter.name: parameter.value for parameter in PARAMETERS if parameter.name not in left}
    return {"autovacuum_naptime": str(settings.autovacuum_naptime_s)} | shared


class FoundationDatabaseServer(pulumi.ComponentResource):
    """Made with the provisioner's account and a backup policy, or adopted by its id."""

    id: pulumi.Input[str]
    host: pulumi.Input[str] | None = None  # where it was made here

    def __init__(self, name: str, args: DatabaseServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:FoundationDatabaseServer", name, None, opts)
        self._name, self._args = name, args
        if args.settings.adopt is not None:
            self.id = args.settings.adopt
        else:
            instance = self._make(args.settings)
            self.id, self.host = instance.id, instance.connection_string
            self._account(instance)
            self._backups(instance)
        self.register_outputs({})

    def _make(self, settings: DatabaseServerSettings) -> Instance:
        args = self._args
        return Instance(
            f"{self._name}-instance",
            instance_name=args.name,
            engine="PostgreSQL",
            engine_version=settings.engine_version,
            category="HighAvailability",
            instance_type=settings.instance_type or "",
            instance_charge_type="Postpaid",
            instance_storage=settings.storage_gib,
            db_instance_storage_type="cloud_essd",
            storage_auto_scale="Enable",
            storage_threshold=20,
            storage_upper_bound=settings.largest_storage_gib,
            zone_id=args.zones[0],
            zone_id_slave_a=args.zones[1],
            vpc_id=args.vpc,
            vswitch_id=pulumi.Output.all(*args.switches[:2]).apply(lambda ids: ",".join(map(str, ids))),
            security_ips=[args.cidr],
            whitelist_network_type="VPC",
            encryption_key=args.key,
            role_arn=f"acs:ram::{args.account_id}:role/aliyunrdsinstanceencryptiondefaultrole",
            ssl_action="Open",
            ca_type="aliyun",
            pg_hba_confs=hba(args.user, args.cidr),
            parameters=[InstanceParameterArgs(name=key, value=value) for key, value in parameters(settings).items()],
            deletion_protection=True,
            sql_collector_status="Enabled",
            maintain_time="18:00Z-22:00Z",
            auto_upgrade_minor_version="Manual",
            tags=TAGS,
            opts=pulumi.ResourceOptions(
                parent=self, provider=args.provider, protect=args.protect, ignore_changes=list(BIRTH)
            ),
        )

    def _account(self, instance: Instance) -> None:
        """A privileged account: it may make roles and databases, and is no superuser."""
        args = self._args
        RdsAccount(
            f"{self._name}-account",
            db_instance_id=instance.id,
            account_name=args.user,
            account_type="Super",
            account_password=pulumi.Output.secret(args.password),
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                protect=args.protect,
                additional_secret_outputs=["accountPassword"],
            ),
        )

    def _backups(self, instance: Instance) -> None:
        """Backups of the whole server, for a day that takes more than one tenant; kept after its release."""
        days = self._args.settings.backup_days
        BackupPolicy(
            f"{self._name}-backups",
            instance_id=instance.id,
            preferred_backup_periods=list(BACKUP_DAYS),
            preferred_backup_time="18:00Z-19:00Z",
            backup_retention_period=days,
            enable_backup_log=True,
            log_backup_retention_period=days,
            released_keep_policy="Lastest",  # as the API spells it
            opts=pulumi.ResourceOptions(parent=self, provider=self._args.provider, protect=self._args.protect),
        )
