"""Facts that all tenants of an installation share: explicit providers, and values known before anything is made.

Facts are plain values rather than outputs of the platform's resources: previews stay complete, policies can read the
documents they check, and a stack that holds only cells needs the same facts as the one that holds the platform. What
must exist first is said apart, in `Foundations`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeVar

import pulumi

from tenantry.model import trust_policy
from tenantry.model.resources.stack_settings import SystemSettings
from tenantry.names import OIDC_PROVIDER

OfSystem = TypeVar("OfSystem", bound=SystemSettings)


@dataclass(frozen=True, slots=True)
class Providers:
    """No resource uses a default provider: those take their settings from wherever the engine happens to run."""

    kubernetes: pulumi.ProviderResource
    postgresql: pulumi.ProviderResource
    system: pulumi.ProviderResource  # Alibaba Cloud in the system bucket's region; RAM and DNS know no region
    photos: pulumi.ProviderResource  # Alibaba Cloud in the photo bucket's region
    backups: pulumi.ProviderResource  # Alibaba Cloud in the backup bucket's region
    random: pulumi.ProviderResource
    steps: pulumi.ProviderResource  # our own


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundationProviders:
    """Those that need no cluster and no database server: Alibaba Cloud in the regions of the three buckets, the first
    of them the installation's own.
    """

    system: pulumi.ProviderResource
    photos: pulumi.ProviderResource
    backups: pulumi.ProviderResource
    random: pulumi.ProviderResource


@dataclass(frozen=True, slots=True)
class BucketFacts:
    name: str
    region: str  # such as cn-guangzhou
    kms_key: str | None = None  # id of the KMS key of that region that encrypts it; None: OSS's own (AES256)

    @property
    def encryption(self) -> dict[str, str]:
        """The bucket's rule for what is written without one of its own."""
        if self.kms_key is None:
            return {"sse_algorithm": "AES256"}
        return {"sse_algorithm": "KMS", "kms_master_key_id": self.kms_key}


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity provider and the user that may ask Alibaba Cloud for a tenant's sessions."""

    account_id: str
    issuer: str  # of the cluster's service account tokens, an https URL
    audience: str
    provider: str = OIDC_PROVIDER  # the name of the account's OIDC identity provider for that issuer
    adopted: bool = False  # the cluster made it (RRSA on ACK): it is used, and not declared

    @property
    def provider_arn(self) -> str:
        return trust_policy.provider_arn(self.account_id, self.provider)

    @property
    def broker_arn(self) -> str:
        return trust_policy.broker_arn(self.account_id)

    def role_arn(self, role: str) -> str:
        return f"acs:ram::{self.account_id}:role/{role}"


@dataclass(frozen=True, slots=True)
class Gateway:
    """The one entry for all tenants."""

    namespace: str  # of the Gateway object: routes name it, and its certificate lies there
    name: str
    address: str  # what the tenants' A records point at
    proxies: str  # the namespace of the pods that carry the requests; Envoy Gateway runs them beside its controller
    policies: bool = True  # it is an Envoy Gateway: rates and body sizes are limited by its policies
    shared_limits: bool = False  # its processes count together, by a rate limit service


@dataclass(frozen=True, slots=True)
class Services:
    """The URLs of the platform's services, as the tenants' pods can reach them."""

    unified_tenant_api: str
    ai_bridge: str
    gateway: str
    admin: str
    caches: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])  # by tenant


@dataclass(frozen=True, slots=True)
class EgressRule:
    """One destination that every tenant's pods may connect to, besides DNS."""

    peer: IPv4Network | IPv6Network | str  # a range of addresses, or the name of a namespace
    port: int


@dataclass(frozen=True, slots=True)
class Application:
    image: str
    health_path: str

    @property
    def registry(self) -> str:
        """The registry of the images, those of plug-in services too; with its slash, or empty."""
        place, slash, _ = self.image.rpartition("/")
        return place + slash


@dataclass(frozen=True, slots=True)
class Scaling:
    """The means of the cluster to put workloads to sleep."""

    keda: bool = False
    keda_account: str = "keda/keda-operator"  # namespace/name of the account that KEDA's operator scales with
    prometheus: str | None = None  # the URL at which KEDA asks for the gateway's counts of requests


@dataclass(frozen=True, slots=True)
class Transport:
    """The encryption of the pods' connections to PostgreSQL, in libpq's words."""

    sslmode: str = "verify-full"
    ca: str | None = None  # certificates, in PEM, that the server's is checked against; None: those of the image


@dataclass(frozen=True, slots=True)
class Installation:
    zone: str
    application: Application
    database_host: str  # as the pods reach it
    database_port: int
    system: BucketFacts
    photos: BucketFacts
    backups: BucketFacts  # in another region than both
    identity: Identity
    gateway: Gateway
    services: Services
    openings: tuple[EgressRule, ...]
    scaling: Scaling = Scaling()
    transport: Transport = Transport()
    systems: tuple[SystemSettings, ...] = ()  # what one system alone needs

    def of(self, kind: type[OfSystem]) -> OfSystem | None:
        """The settings of one system; None where the installation says nothing of it."""
        return next((settings for settings in self.systems if isinstance(settings, kind)), None)

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that identify this installation: a stack that holds only cells compares them with the
        platform's.
        """
        return {
            "zone": self.zone,
            "account": self.identity.account_id,
            "gateway": {
                "namespace": self.gateway.namespace,
                "name": self.gateway.name,
                "address": self.gateway.address,
                "proxies": self.gateway.proxies,
            },
            "buckets": {"system": self.system.name, "photos": self.photos.name, "backups": self.backups.name},
        }


@dataclass(frozen=True, slots=True)
class PlatformDependencies:
    """The platform's resources that a tenant's must wait for; nothing in a stack that does not hold the platform."""

    buckets: Sequence[pulumi.Resource] = field(default_factory=tuple[pulumi.Resource, ...])
    identity: Sequence[pulumi.Resource] = field(default_factory=tuple[pulumi.Resource, ...])
    gateway: Sequence[pulumi.Resource] = field(default_factory=tuple[pulumi.Resource, ...])
    guardrails: Sequence[pulumi.Resource] = field(default_factory=tuple[pulumi.Resource, ...])
    admin: Sequence[pulumi.Resource] = field(default_factory=tuple[pulumi.Resource, ...])
    vault: Sequence[pulumi.Resource] = field(default_factory=tuple[pulumi.Resource, ...])
