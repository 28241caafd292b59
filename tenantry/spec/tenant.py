"""The model of one tenant file. Unknown fields are refused, values never coerced, nothing changes later."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from tenantry.parsing.faults import FieldError
from tenantry.spec.fields import (
    AsTuple,
    BackupProofId,
    Bytes,
    Cell,
    Code,
    Day,
    DisplayName,
    Email,
    HourMinute,
    Phone,
    SecretReference,
    SingleLineText,
    Slug,
    TimeZone,
    UniqueItems,
)
from tenantry.spec.freeform import check_freeform
from tenantry.spec.labels import Labels, Notes

PlanName = Literal["basic", "standard", "premium", "enterprise"]
Status = Literal["active", "inactive", "suspended", "deleted", "purged"]
AdministratorRole = Literal["tenant_admin", "principal"]
PLAN_NAMES: Final[tuple[PlanName, ...]] = ("basic", "standard", "premium", "enterprise")


class Strict(BaseModel):
    """The base of all models of the files."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Contact(Strict):
    """The tenant's administrator: receives the first account."""

    name: DisplayName
    email: Email


class Administrator(Strict):
    """Somebody with an account of the tenant beside its contact's: listed to get one, taken off the list to lose it.

    The account is that of the phone: with another phone it is another person's. `id` is what reports and commands
    call it, so it holds nobody's name.
    """

    id: Slug
    name: DisplayName
    phone: Phone
    email: Email
    role: AdministratorRole


class Limits(Strict):
    """Limits of the tenant that differ from its plan, within what the plan allows."""

    max_users: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    max_storage: Bytes | None = None


class Features(Strict):
    """Switches within the plan; what is not named is as the plan has it."""

    userManagement: bool | None = None
    fileStorage: bool | None = None
    realTimeChat: bool | None = None
    advancedAnalytics: bool | None = None
    customBranding: bool | None = None
    apiAccess: bool | None = None
    ssoIntegration: bool | None = None
    auditLogs: bool | None = None


FEATURE_NAMES: Final = tuple(Features.model_fields)
FeatureName = Literal[
    "userManagement",
    "fileStorage",
    "realTimeChat",
    "advancedAnalytics",
    "customBranding",
    "apiAccess",
    "ssoIntegration",
    "auditLogs",
]


class TenantConfig(Strict):
    """The tenant's own layer of configuration: four sections, free within; secrets are refused."""

    branding: dict[str, JsonValue] = {}
    notifications: dict[str, JsonValue] = {}
    security: dict[str, JsonValue] = {}
    integrations: dict[str, JsonValue] = {}

    @field_validator("branding", "notifications", "security", "integrations", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return check_freeform(value)


class Credentials(Strict):
    """Raise `rotation` by one, and every password and key of the tenant is made anew.

    The old ones go on working for `overlap_days`, counted from the run that makes the new ones; 0 ends them with it.
    """

    rotation: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    overlap_days: Annotated[int, Field(ge=0, le=30)] = 7


class ApiKey(Strict):
    """An API key by its name; the key itself is generated and never stands in a file. `rotation` renews it alone."""

    name: Slug
    scopes: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=32), AsTuple, UniqueItems]
    expires_at: Day
    rotation: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class TenantSecret(Strict):
    """A secret for another service, such as a payment key: the file says where it is kept, never what it is.

    The application gets it as the environment variable of this name (wechat-pay-key: WECHAT_PAY_KEY) and as a file.
    """

    name: Slug
    from_: Annotated[SecretReference, Field(alias="from")]

    @property
    def key(self) -> str:
        """CODE.KEY in the stack's configuration."""
        return self.from_.partition(":")[2]


class Awake(Strict):
    """The hours of every day in which the tenant is awake whether or not anybody comes, such as 06:30 to 19:00."""

    from_: Annotated[HourMinute, Field(alias="from")]
    to: HourMinute
    timezone: TimeZone = "Asia/Shanghai"

    @model_validator(mode="after")
    def _some_time(self) -> "Awake":
        if self.from_ >= self.to:
            raise FieldError("is not after `from`", "write a later time of the same day", ("to",))
        return self


class Sleep(Strict):
    """Sleep of the tenant's containers: `idle_minutes` without a request, but never within the hours of `awake`.

    `idle_minutes: 0` keeps it awake where its plan would let it sleep. With `awake` alone it sleeps outside the hours.
    """

    idle_minutes: Annotated[int, Field(ge=0, le=1440)] | None = None
    awake: Awake | None = None


class AiModels(Strict):
    """AI models of the tenant from its plan's, first the one it prefers; or none."""

    enabled: bool = True
    models: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=16), AsTuple, UniqueItems] | None = None
    default: Slug | None = None

    @model_validator(mode="after")
    def _default_is_one(self) -> "AiModels":
        if self.default is not None and self.models is not None and self.default not in self.models:
            raise FieldError("has a default that is not among its models", "name it in `models` too", ("default",))
        return self


def contradiction(status: object, deleted_at: object, proof: object) -> FieldError | None:
    """A contradiction in the fields that together say where in its life the tenant is."""
    if status == "deleted" and deleted_at is None:
        remedy = "write the day of deletion, such as deleted_at: 2026-10-01"
        return FieldError("is missing with status deleted", remedy, ("deleted_at",))
    if status not in ("deleted", "purged") and deleted_at is not None:
        remedy = "remove it, or write status: deleted to delete the tenant"
        return FieldError(f"contradicts status {status}", remedy, ("deleted_at",))
    if status == "purged" and proof is None:
        remedy = "let `tenantry purge` write the id of the backup proof"
        return FieldError("is missing with status purged", remedy, ("proof",))
    if status != "purged" and proof is not None:
        return FieldError(f"contradicts status {status}", "remove it: only `tenantry purge` writes it", ("proof",))
    return None


def _refuse_twins(names: list[str], what: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FieldError(f"has two {what} of the name {twice}", "give each its own name")


class TenantSpec(Strict):
    """A tenant that has something in the world. With `status: purged` it is on its way out of it."""

    code: Code
    name: DisplayName
    phone: Phone
    plan: PlanName
    status: Status
    contact: Contact
    cell: Cell = "main"
    address: SingleLineText | None = None
    labels: Labels = {}
    notes: Notes | None = None
    administrators: Annotated[tuple[Administrator, ...], Field(max_length=16), AsTuple] = ()
    limits: Limits = Limits()
    features: Features = Features()
    enabled_services: Annotated[tuple[Slug, ...], Field(max_length=64), AsTuple, UniqueItems] = ()
    config: TenantConfig = TenantConfig()
    ai: AiModels | None = None
    sleep: Sleep | None = None
    api_keys: Annotated[tuple[ApiKey, ...], Field(max_length=32), AsTuple] = ()
    secrets: Annotated[tuple[TenantSecret, ...], Field(max_length=32), AsTuple] = ()
    credentials: Credentials = Credentials()
    hibernated: bool = False
    expires_at: Day | None = None
    deleted_at: Day | None = None
    proof: BackupProofId | None = None

    @field_validator("api_keys")
    @classmethod
    def _keys_differ(cls, keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        _refuse_twins([key.name for key in keys], "keys")
        return keys

    @field_validator("secrets")
    @classmethod
    def _secrets_differ(cls, secrets: tuple[TenantSecret, ...]) -> tuple[TenantSecret, ...]:
        _refuse_twins([secret.name for secret in secrets], "secrets")
        return secrets

    @model_validator(mode="after")
    def _administrators_differ(self) -> "TenantSpec":
        """From each other and from the contact, who has the first account: two of one phone would be one account."""
        taken = {("phone", self.phone): "the tenant's own", ("email", self.contact.email.lower()): "the contact's"}
        for place, person in enumerate(self.administrators):
            for field, value in (("id", person.id), ("phone", person.phone), ("email", person.email.lower())):
                if (owner := taken.get((field, value))) is not None:
                    remedy = "each administrator needs another; the contact is one already"
                    raise FieldError(f"is {owner} already", remedy, ("administrators", place, field))
                taken[field, value] = f"that of `{person.id}`"
        return self

    @model_validator(mode="after")
    def _life_agrees(self) -> "TenantSpec":
        problem = contradiction(self.status, self.deleted_at, self.proof)
        if problem is not None:
            raise problem
        return self


class Tombstone(Strict):
    """The file of a purged tenant, so that its code is never used again.

    As long as the phone stands here it counts as taken; without it the number may open another tenant.
    """

    code: Code
    status: Literal["purged"]
    proof: BackupProofId
    name: DisplayName | None = None
    phone: Phone | None = None
    cell: Cell = "main"
    deleted_at: Day | None = None

    @property
    def is_bare(self) -> bool:
        """Nothing personal is left in it: `tenantry purge` has seen that nothing of the tenant is left anywhere."""
        return self.phone is None and self.name is None
