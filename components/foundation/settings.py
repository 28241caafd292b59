"""The typed configuration of the foundation (`tenantry:foundation` of a stack): parts, their defaults, what is adopted.

A part that names something to adopt is not declared: it is used by its id, and `tenantry doctor` looks whether it is
what the platform needs. A default here is safe; what has no safe default (zones, instance classes) must be said.
"""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from tenantry.model.database_parameters import NAMES

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,254}$")]
Zone = Annotated[str, Field(pattern=r"^[a-z]{2,}-[a-z0-9-]+-[a-z0-9]+$")]
LARGEST_NETWORK, SMALLEST_NETWORK = 12, 16  # prefix lengths: three zones of pods need a /16


def _roomy(value: IPv4Network) -> IPv4Network:
    if not LARGEST_NETWORK <= value.prefixlen <= SMALLEST_NETWORK or not value.is_private:
        raise ValueError(f"is no private network of /{LARGEST_NETWORK} to /{SMALLEST_NETWORK}, such as 10.64.0.0/16")
    return value


def _known(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"is none of {', '.join(NAMES)}")
    return name


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class AdoptedNetwork(Part):
    vpc: Id
    cidr: IPv4Network
    node_switches: Annotated[tuple[Id, ...], Field(min_length=2)]
    pod_switches: Annotated[tuple[Id, ...], Field(min_length=2)]
    database_switches: Annotated[tuple[Id, ...], Field(min_length=2)]


class NetworkSettings(Part):
    """One VPC; in each zone a switch for nodes, one for pods, one for the database."""

    adopt: AdoptedNetwork | None = None
    cidr: Annotated[IPv4Network, AfterValidator(_roomy)] = IPv4Network("10.64.0.0/16")


class EncryptionSettings(Part):
    """Keys that exist, by what they encrypt; those that are not named are made."""

    cluster: Id | None = None
    database: Id | None = None
    system: Id | None = None
    photos: Id | None = None
    backups: Id | None = None


class LoggingSettings(Part):
    adopt: Id | None = None  # a project of the Log Service
    retention_days: Annotated[int, Field(ge=180, le=3650)] = 180  # the law's six months (Cybersecurity Law, art. 21)


class NodePoolSettings(Part):
    instance_types: Annotated[tuple[Id, ...], Field(min_length=1, max_length=10)]
    smallest: Annotated[int, Field(ge=2)] = 3  # nodes
    largest: Annotated[int, Field(ge=2, le=1000)] = 12
    disk_gib: Annotated[int, Field(ge=40, le=2048)] = 200


class ClusterSettings(Part):
    adopt: Id | None = None
    version: str | None = None  # of Kubernetes, as ACK names it; not set, ACK's newest at birth
    service_cidr: IPv4Network = IPv4Network("172.21.0.0/20")
    nodes: NodePoolSettings | None = None  # for everything; not needed where the cluster is adopted

    @model_validator(mode="after")
    def _has_nodes(self) -> "ClusterSettings":
        if self.adopt is None and self.nodes is None:
            raise ValueError("name `nodes.instanceTypes`, or the cluster to `adopt`")
        return self


class DatabaseServerSettings(Part):
    adopt: Id | None = None
    instance_type: Id | None = None
    storage_gib: Annotated[int, Field(ge=20, le=64_000)] = 500
    largest_storage_gib: Annotated[int, Field(ge=20, le=64_000)] = 4000
    engine_version: Literal["16.0", "17.0", "18.0"] = "16.0"
    backup_days: Annotated[int, Field(ge=7, le=730)] = 30
    autovacuum_naptime_s: Annotated[int, Field(ge=60, le=3600)] = 300  # a worker starts a database every so often
    without_parameters: tuple[Annotated[str, AfterValidator(_known)], ...] = ()  # that RDS does not offer for its class

    @model_validator(mode="after")
    def _has_class(self) -> "DatabaseServerSettings":
        if self.adopt is None and self.instance_type is None:
            raise ValueError("name its `instanceType`, or the instance to `adopt`")
        if self.largest_storage_gib < self.storage_gib:
            raise ValueError("`largestStorageGib` is less than `storageGib`")
        return self


class AuditSettings(Part):
    adopt: Id | None = None  # a trail of ActionTrail
    retention_days: Annotated[int, Field(ge=180, le=3650)] = 365


class CertificateSettings(Part):
    """The party that answers the challenges of the certificate for *.ZONE: cert-manager's solver, or somebody else."""

    adopt: bool = False  # somebody else brings the certificate
    service_account: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9.-]+$")] = "cert-manager/alidns-webhook"


class DeployerSettings(Part):
    """CI's own roles, each taken by the tokens of named environments of one repository."""

    adopt: Id | None = None  # a role's name
    issuer: Annotated[str, Field(pattern=r"^https://")] = "https://token.actions.githubusercontent.com"
    subjects: tuple[str, ...] = ()  # that deploy, such as repo:example/tenantry:environment:prod
    preview_subjects: tuple[str, ...] = ()  # that preview; left out: STACK-preview and STACK-preview-approved of these
    state_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")] = "tenantry-state"
    fingerprints: tuple[Annotated[str, Field(pattern="^[0-9A-Fa-f]{40}$")], ...] = ()

    @model_validator(mode="after")
    def _has_subject(self) -> "DeployerSettings":
        named = (*self.subjects, *self.preview_subjects)
        if self.adopt is None and (not self.subjects or any(not subject or "*" in subject for subject in named)):
            raise ValueError("name the exact `subjects` of the tokens that may deploy, or the role to `adopt`")
        return self

    @property
    def previewing(self) -> tuple[str, ...]:
        """The subjects of previews. A forge whose subjects name no environment has the same ones for both."""
        if self.preview_subjects:
            return self.preview_subjects
        ends = ("-preview", "-preview-approved")
        named = [subject for subject in self.subjects if ":environment:" in subject]
        return tuple(f"{subject}{end}" for subject in named for end in ends) or self.subjects


class RegistrySettings(Part):
    adopt: str | None = None  # HOST/NAMESPACE
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9._-]{2,120}$")] = "tenantry"


class FoundationSettings(Part):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")] = "tenantry"  # what everything is called after
    zones: Annotated[tuple[Zone, ...], Field(min_length=2, max_length=3)]
    network: NetworkSettings = NetworkSettings()
    encryption: EncryptionSettings = EncryptionSettings()
    logging: LoggingSettings = LoggingSettings()
    cluster: ClusterSettings
    database_server: DatabaseServerSettings
    audit: AuditSettings = AuditSettings()
    certificate: CertificateSettings = CertificateSettings()
    deployer: DeployerSettings
    registry: RegistrySettings = RegistrySettings()

    @model_validator(mode="after")
    def _different_zones(self) -> "FoundationSettings":
        if len(set(self.zones)) != len(self.zones):
            raise ValueError("`zones` names one twice: two switches of one zone fail together")
        return self
