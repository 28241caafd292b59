"""The keys of a stack's configuration, typed. Pulumi.yaml describes them and holds their defaults, not this."""

from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import pulumi
from pulumi.runtime.config import CONFIG
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from components.foundation.settings import FoundationSettings
from components.shared.installation import EgressRule
from tenantry.model.resources.catalogue import SETTINGS
from tenantry.model.resources.stack_settings import SystemSettings, none_if_empty
from tenantry.names import DEFAULT_ZONE, is_zone
from tenantry.spec.setting_keys import ENCRYPTED, FOUNDATION, NAMESPACE, unknown_setting

PROJECT: Final = NAMESPACE
# Read apart, since they are outputs: an encrypted value never becomes a plain string of this program.
SECRETS: Final = ENCRYPTED
SHARED_CACHE: Final = "redisUrl"  # refused
NOWHERE: Final = IPv4Network("0.0.0.0/8")
LISTS: Final = ("holds", "egress", "oidcFingerprints", "registries")


def _opening(value: Any) -> EgressRule:
    where, colon, port = str(value).rpartition(":")
    if not colon or not where or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("is no NAMESPACE:PORT or CIDR:PORT")
    if not any(mark in where for mark in "./:"):
        return EgressRule(where, int(port))
    return EgressRule(ip_network(where), int(port))


def _zone(value: str) -> str:
    if not is_zone(value):
        raise ValueError(f"is no DNS zone in lower-case ASCII, such as {DEFAULT_ZONE}")
    return value


def _certificates(value: str | None) -> str | None:
    """It stands in the stack's file in clear."""
    if value is not None and "PRIVATE KEY-----" in value:
        raise ValueError("holds a private key: leave the certificates alone in it, and change that key")
    if value is not None and "-----BEGIN CERTIFICATE-----" not in value:
        raise ValueError("holds no certificate in PEM: give the text, not the file's name")
    return value


Text = Annotated[str, Field(min_length=1)]


def _holds(value: tuple[str, ...]) -> tuple[str, ...]:
    """The foundation alone is a stack's first run, before there is a cluster; cells on it need the platform."""
    if "foundation" in value and "platform" not in value and len(value) > 1:
        raise ValueError("between foundation and cells comes the platform: name platform")
    return value


def _reachable(value: IPv4Address) -> IPv4Address:
    if value.is_loopback or value.is_multicast or value.is_link_local or value.is_reserved or value in NOWHERE:
        raise ValueError("is no address at which visitors could reach the gateway")
    return value


Part = Annotated[str, Field(pattern="^(foundation|platform|cells|cell/[a-z0-9-]+)$")]
Fingerprint = Annotated[str, Field(pattern="^[0-9A-Fa-f]{40}$")]
Registry = Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?$")]
Port = Annotated[int, Field(ge=1, le=65535)]


OptionalText = Annotated[str | None, BeforeValidator(none_if_empty)]
KmsKey = Annotated[str | None, Field(pattern=r"^[A-Za-z0-9-]{1,128}$"), BeforeValidator(none_if_empty)]
OptionalDay = Annotated[date | None, BeforeValidator(none_if_empty)]
Certificates = Annotated[OptionalText, AfterValidator(_certificates)]
OptionalPort = Annotated[Port | None, BeforeValidator(none_if_empty)]


class OwnSettings(BaseModel):
    """All but the secrets, and what one system alone needs."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    holds: Annotated[tuple[Part, ...], Field(min_length=1), AfterValidator(_holds)]
    platform_stack: OptionalText
    canary: bool
    tenants: Text
    zone: Annotated[Text, AfterValidator(_zone)]
    today: OptionalDay
    allow_destroy: OptionalText
    allow_change: OptionalText
    image: Text
    registries: tuple[Registry, ...]
    image_digest: bool
    health_path: Annotated[str, Field(pattern="^/")]
    unified_tenant_api_url: Text
    admin_service_url: Text
    ai_bridge_url: Text
    gateway_url: OptionalText
    egress: tuple[Annotated[EgressRule, BeforeValidator(_opening)], ...]
    gateway_address: Annotated[IPv4Address, AfterValidator(_reachable)]
    gateway_namespace: Text
    gateway_proxy_namespace: OptionalText
    gateway_name: Text
    gateway_class: Text
    gateway_controller: OptionalText
    gateway_tls_secret: Text
    gateway_policies: bool
    gateway_shared_limits: bool
    keda: bool
    keda_account: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9.-]+$")]
    prometheus_url: OptionalText
    database_host: OptionalText
    database_port: Port
    database_user: OptionalText
    database_sslmode: Literal["disable", "require", "verify-ca", "verify-full"]
    database_ca: Certificates
    database_superuser: bool
    database_closed_by_hba: bool
    app_database_host: OptionalText
    app_database_port: OptionalPort
    cluster_name: Text
    account_id: OptionalText
    system_bucket: Text
    system_region: Text
    photo_bucket: Text
    photo_region: Text
    backup_bucket: Text
    backup_region: Text
    system_kms_key: KmsKey
    photo_kms_key: KmsKey
    backup_kms_key: KmsKey
    backup_image: Text
    backup_schedule: Text
    backup_limit_minutes: Annotated[int, Field(ge=1, le=10_080)]
    oidc_issuer: Annotated[str, Field(pattern="^https://")]
    oidc_audience: Text
    oidc_provider: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
    oidc_provider_adopted: bool
    oidc_fingerprints: tuple[Fingerprint, ...]


if TYPE_CHECKING:

    class Settings(OwnSettings): ...
else:

    class Settings(OwnSettings, *SETTINGS):
        """All but the secrets; those of one system are read by `of_systems`."""


def of_systems(settings: Settings) -> tuple[SystemSettings, ...]:
    """The settings of each system by themselves, as they are handed to the components."""
    return tuple(
        kind.model_construct(None, **{name: getattr(settings, name) for name in kind.model_fields}) for kind in SETTINGS
    )


def read_settings(config: pulumi.Config) -> Settings:
    """Raises RunError with one line a key that is missing, wrong or none; the values are not repeated."""
    _refuse_strangers()
    keys = [str(field.alias) for field in Settings.model_fields.values()]
    read = {key: config.get_object(key) if key in LISTS else config.get(key) for key in keys}
    values = {key: value for key, value in read.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = [f"{PROJECT}:{_place(error['loc'])}: {error['msg']}" for error in error.errors(include_url=False)]
        raise pulumi.RunError("\n".join(["the stack's configuration is wrong:", *lines])) from None


def read_foundation(config: pulumi.Config) -> FoundationSettings | None:
    """None where the stack says nothing of one. Raises RunError with one line a field that is missing or wrong."""
    value: Any = config.get_object(FOUNDATION)
    if value is None:
        return None
    try:
        return FoundationSettings.model_validate(value)
    except ValidationError as error:
        lines = [
            f"{PROJECT}:{FOUNDATION}.{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise pulumi.RunError("\n".join(["the stack's foundation is wrong:", *lines])) from None


def foundation_of(settings: Settings, config: pulumi.Config) -> FoundationSettings | None:
    """The foundation that the stack holds, to be made or adopted; None where it holds none, or says nothing of it.

    Raises RunError for a wrong one, and where the stack holds nothing else and nothing says of what.
    """
    foundation = read_foundation(config)
    if foundation is None and settings.holds == (FOUNDATION,):
        raise pulumi.RunError(
            f"{PROJECT}:holds names the foundation alone, and {PROJECT}:{FOUNDATION} does not say of what: "
            "see docs/production.md"
        )
    return foundation if FOUNDATION in settings.holds else None


def _refuse_strangers() -> None:
    """A key that nobody reads was meant to do something, such as to refuse images without a digest."""
    known = {*(str(field.alias) for field in Settings.model_fields.values()), *SECRETS, SHARED_CACHE}
    lines = [problem for key in sorted(CONFIG.get()) if (problem := unknown_setting(key, known))]
    if lines:
        raise pulumi.RunError("\n".join(["the stack's configuration is wrong:", *lines]))


def read_secrets(config: pulumi.Config, encrypted: Callable[[str], bool]) -> Mapping[str, pulumi.Output[str]]:
    """Those that are set. Raises RunError for one that stands in the file in clear."""
    secrets: dict[str, pulumi.Output[str]] = {}
    for key in SECRETS:
        value = config.get_secret(key)
        if value is None or not config.get(key):
            continue
        if not encrypted(config.full_key(key)):
            raise pulumi.RunError(
                f"{PROJECT}:{key} stands in the stack's file in clear: "
                f"`pulumi config set --secret {key}`, and change what was to be read there"
            )
        secrets[key] = value
    return secrets


def _place(where: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else part for part in where)
