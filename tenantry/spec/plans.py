"""The plans: the one place for their numbers, read from tenants/plans.yaml."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from tenantry.parsing.faults import Fault, FieldError
from tenantry.spec.config_layers import SYSTEM_KEYS
from tenantry.spec.fields import AsTuple, Bytes, Cpu, Slug, UniqueItems
from tenantry.spec.freeform import check_freeform
from tenantry.spec.loader import Source
from tenantry.spec.quantity import bytes_of
from tenantry.spec.tenant import FEATURE_NAMES, PLAN_NAMES, FeatureName, PlanName, Strict

QuotaName = Literal[
    "users", "storage", "api_calls", "bandwidth", "databases", "compute_hours", "file_uploads", "email_sends"
]
Reset = Literal["hourly", "daily", "weekly", "monthly", "none"]


def _as_bytes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return bytes_of(value)
    except ValueError:
        raise FieldError("is no amount of storage", "write a number and Mi, Gi or Ti, such as 50Gi") from None


Count = Annotated[int, Field(ge=1, le=1_000_000)]
Amount = Annotated[int, BeforeValidator(_as_bytes), Field(ge=1, le=2**60)]
TEMP_FILES: Final = (2**20, 2**40)  # the least and the most; PostgreSQL counts in kB, with 31 bits
TempFiles = Annotated[int, BeforeValidator(_as_bytes), Field(ge=TEMP_FILES[0], le=TEMP_FILES[1])]
FeatureNames = Annotated[tuple[FeatureName, ...], AsTuple, UniqueItems]


class Price(Strict):
    """CNY, whole yuan."""

    monthly: Annotated[int, Field(ge=0, le=10_000_000)]
    yearly: Annotated[int, Field(ge=0, le=100_000_000)]


class Compute(Strict):
    """Resources of one container, and the number of them: `min_replicas` when there is little to do, `replicas` at
    most.
    """

    cpu: Cpu
    memory: Bytes
    ephemeral_storage: Bytes
    min_replicas: Annotated[int, Field(ge=1, le=20)]
    replicas: Annotated[int, Field(ge=1, le=20)]
    surge: Annotated[int, Field(ge=1, le=20)]
    scale_at_cpu: Annotated[int, Field(ge=10, le=95)]  # per cent of `cpu` in use, above which one more starts

    @property
    def scales(self) -> bool:
        return self.min_replicas < self.replicas

    @property
    def pods_at_once(self) -> int:
        """The number of pods while a roll-out replaces one container by the next."""
        return self.replicas + self.surge


class Database(Strict):
    connections: Count
    pool: Count
    statement_timeout_s: Count
    idle_timeout_s: Count
    temp_files: TempFiles | None = None  # of one session; None: the plan's storage over its connections


class Objects(Strict):
    """Limits on Kubernetes objects of a kind in the tenant's namespace."""

    pods: Count
    services: Count
    secrets: Count
    config_maps: Count


class PlanSleep(Strict):
    """Minutes without a request after which a workload sleeps, where the cluster can do that. None: it stays awake."""

    idle_minutes: Annotated[int, Field(ge=5, le=1440)] | None


class Quota(Strict):
    limit: Amount  # in `unit`
    unit: Literal["users", "bytes", "calls", "databases", "hours", "files", "emails"]
    reset: Reset
    thresholds: Annotated[tuple[Annotated[int, Field(ge=1, le=100)], ...], Field(min_length=1), AsTuple]  # per cent

    @model_validator(mode="after")
    def _rising(self) -> "Quota":
        if list(self.thresholds) != sorted(set(self.thresholds)):
            raise FieldError("does not rise", "write per cents in rising order, such as [75, 90, 95]", ("thresholds",))
        return self


class Quotas(Strict):
    users: Quota
    storage: Quota
    api_calls: Quota
    bandwidth: Quota
    databases: Quota
    compute_hours: Quota
    file_uploads: Quota
    email_sends: Quota

    def items(self) -> Iterator[tuple[str, Quota]]:
        """Name and quota, in the order of the documents."""
        return iter(self)  # pyright: ignore[reportReturnType]  (pydantic types the values as Any)


class BackupCounts(Strict):
    """Numbers of scheduled backups to keep: the newest of so many days, weeks and months."""

    daily: Annotated[int, Field(ge=1, le=366)] = 7
    weekly: Annotated[int, Field(ge=0, le=520)] = 4
    monthly: Annotated[int, Field(ge=0, le=120)] = 12


class PlanFeatures(Strict):
    """`included` are on unless the tenant switches them off, `optional` the other way round; no others."""

    included: FeatureNames
    optional: FeatureNames

    @model_validator(mode="after")
    def _apart(self) -> "PlanFeatures":
        both = sorted({*self.included} & {*self.optional})
        if both:
            raise FieldError(f"has {both[0]} in `included` too", "name it once", ("optional",))
        return self

    def offers(self, name: str) -> bool:
        return name in self.included or name in self.optional

    def defaults(self) -> dict[str, bool]:
        """All eight features, and whether each is on where the tenant says nothing."""
        return {name: name in self.included for name in FEATURE_NAMES}


class Range(Strict):
    min: Amount
    max: Amount

    def holds(self, value: int) -> bool:
        return self.min <= value <= self.max


class Allowance(Strict):
    """Between which bounds a tenant may differ from its plan."""

    max_users: Range
    max_storage: Range  # bytes


class Ai(Strict):
    """The platform's AI bridge: calls a minute and tenant, and the models a tenant may choose from."""

    calls_per_minute: Count
    models: Annotated[tuple[Slug, ...], Field(min_length=1), AsTuple, UniqueItems]
    default: Slug

    @model_validator(mode="after")
    def _default_is_one(self) -> "Ai":
        if self.default not in self.models:
            raise FieldError("is not among the models", "name it in `models` too", ("default",))
        return self


class Plan(Strict):
    price: Price
    features: PlanFeatures
    compute: Compute
    database: Database
    objects: Objects
    request_rate: Count  # requests a minute at the gateway
    body_size: Bytes  # of one request at the gateway; files go to the object store directly
    sleep: PlanSleep
    ai: Ai
    quotas: Quotas
    backups: BackupCounts = BackupCounts()
    allowance: Allowance
    config: dict[str, JsonValue]
    locked: Annotated[tuple[str, ...], AsTuple, UniqueItems]  # dotted paths into the configuration

    @property
    def max_users(self) -> int:
        return self.quotas.users.limit

    @property
    def max_storage(self) -> int:
        """Bytes."""
        return self.quotas.storage.limit

    @property
    def temp_files(self) -> int:
        """Bytes of temporary files that one database session may fill; all together no more than the plan's storage."""
        if self.database.temp_files is not None:
            return self.database.temp_files
        least, most = TEMP_FILES
        return min(max(self.max_storage // self.database.connections, least), most)

    @model_validator(mode="after")
    def _adds_up(self) -> "Plan":
        if self.compute.min_replicas > self.compute.replicas:
            raise FieldError("is more than replicas", "lower it", ("compute", "min_replicas"))
        needed = self.database.pool * self.compute.pods_at_once
        if self.database.connections < needed:
            raise FieldError(
                f"is less than pool x (replicas + surge) = {needed}", "raise it", ("database", "connections")
            )
        if self.objects.pods < self.compute.pods_at_once:
            raise FieldError("is less than replicas + surge", "raise it", ("objects", "pods"))
        if not self.allowance.max_users.holds(self.max_users):
            raise FieldError("does not hold the plan's own users", "widen it", ("allowance", "max_users"))
        if not self.allowance.max_storage.holds(self.max_storage):
            raise FieldError("does not hold the plan's own storage", "widen it", ("allowance", "max_storage"))
        taken = sorted(self.config.keys() & {*SYSTEM_KEYS})
        if taken:
            raise FieldError("belongs to the system's layer", "remove it", ("config", taken[0]))
        return self


class Plans(Strict):
    basic: Plan
    standard: Plan
    premium: Plan
    enterprise: Plan

    def __getitem__(self, name: PlanName) -> Plan:
        return cast(Plan, getattr(self, name))

    def items(self) -> Iterator[tuple[PlanName, Plan]]:
        """Name and plan, the smallest first."""
        return ((name, self[name]) for name in PLAN_NAMES)


PLANS_FILE: Final = "plans.yaml"


def with_defaults(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The file with its `defaults` below each of its `plans`; what is no mapping is for the model to refuse."""
    defaults, plans = document.get("defaults"), document.get("plans")
    if not isinstance(defaults, Mapping) or not isinstance(plans, Mapping):
        return document
    below = cast(Mapping[str, Any], defaults)
    return {**document, "plans": {name: _over(below, plan) for name, plan in cast(Mapping[str, Any], plans).items()}}


def _over(below: Any, above: Any) -> Any:
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    lower, upper = cast(Mapping[str, Any], below), cast(Mapping[str, Any], above)
    return {**lower, **{key: _over(lower.get(key), value) for key, value in upper.items()}}


def secrets_in(source: Source) -> Iterator[Fault]:
    """Credentials in the configuration that plans and their defaults give: each tenant's pods would get them."""
    document: Any = source.document.data
    for above in (("defaults",), *(("plans", name) for name in PLAN_NAMES)):
        path = (*above, "config")
        value = document
        for step in path:
            value = cast(Any, value).get(step) if isinstance(value, Mapping) else None
        if source.document.refused(path):
            continue
        try:
            check_freeform({} if value is None else value)
        except FieldError as error:
            yield source.fault((*path, *error.path), error.problem, error.remedy)


class PlansDocument(Strict):
    defaults: dict[str, JsonValue] = Field(default_factory=dict)  # laid below the plans already, where they are checked
    plans: Plans
