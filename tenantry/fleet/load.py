"""All tenants of one directory together: every file checked by itself, then all against one another."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

from tenantry.fleet.capacity_checks import plan_change_faults
from tenantry.fleet.collisions import CodeClaim, collisions, next_code
from tenantry.fleet.discovery import discover_tenant_files
from tenantry.fleet.plan_limits import catalogue_faults, date_faults, plan_faults
from tenantry.fleet.transitions import rotation_faults
from tenantry.model.lifecycle import Phase, phase_of
from tenantry.model.previous_run import PreviousRun
from tenantry.model.resolved import ResolvedTenant, resolve
from tenantry.names import DEFAULT_ZONE, TENANTS_FOLDER, is_code, is_phone, is_zone, names_of
from tenantry.parsing.faults import Fault, Faults
from tenantry.spec.ai_models import MODELS_FILE, Models, unknown_models
from tenantry.spec.loader import Reading, read_model, read_tenant
from tenantry.spec.plans import PLANS_FILE, Plans, PlansDocument, secrets_in, with_defaults
from tenantry.spec.services import SERVICES_FILE, Services
from tenantry.spec.tenant import TenantSpec, Tombstone
from tenantry.spec.tenant_secrets import StackSecrets, secret_faults

Kind = TypeVar("Kind", TenantSpec, Tombstone)
PROJECT_TENANTS: Final = Path(__file__).resolve().parents[2] / TENANTS_FOLDER


@dataclass(frozen=True, slots=True)
class Fleet:
    """`tenants` live, `purging` are on their way out, `tombstones` hold the codes of all who are gone."""

    tenants: tuple[ResolvedTenant, ...]
    purging: tuple[ResolvedTenant, ...]
    tombstones: tuple[Tombstone, ...]
    plans: Plans
    services: Services
    models: Models

    def __getitem__(self, code: str) -> ResolvedTenant:
        """Raises KeyError for a code that no file with something in the world has."""
        return next((tenant for tenant in self.all if tenant.code == code), None) or _missing(code)

    @property
    def all(self) -> tuple[ResolvedTenant, ...]:
        """Those who have something in the world: `tenants` and `purging`."""
        return self.tenants + self.purging

    @property
    def codes(self) -> frozenset[str]:
        """Every code ever used, as far as the files tell."""
        return frozenset(tenant.code for tenant in (*self.all, *self.tombstones))

    @property
    def next_code(self) -> str:
        return next_code(self.codes)


def _missing(code: str) -> ResolvedTenant:
    raise KeyError(code)


def load_fleet(
    directory: Path,
    zone: str = DEFAULT_ZONE,
    *,
    today: date,
    first_seen_deleted: Mapping[str, date] | None = None,
    before: Mapping[str, PreviousRun] | None = None,
    unseen: date | None = None,
    system: Mapping[str, Any] | None = None,
    secrets: StackSecrets | None = None,
) -> Fleet:
    """Raises Faults with every fault of every file.

    `before` is what a stack gave in its last run, by code: what cannot follow upon it is a fault too.
    A directory without plans.yaml, services.yaml or models.yaml is checked against the project's own. `unseen` is the
    day that counts for a deletion which no run has seen before; without one the file's own day does, which only lists
    may go by. With `secrets` each reference to a secret is looked up in that stack's configuration.
    """
    if not is_zone(zone):
        raise ValueError(f"{zone!r} is no DNS zone in lower-case ASCII, such as {DEFAULT_ZONE}")
    paths, faults = discover_tenant_files(directory)
    plans = read_model(plans_file(directory), PlansDocument, with_defaults)
    services = read_model(own_or_project(directory, SERVICES_FILE), Services, lambda document: document)
    models = read_model(own_or_project(directory, MODELS_FILE), Models, lambda document: document)
    readings = [read_tenant(path) for path in paths]
    faults.extend(fault for reading in (plans, services, models, *readings) for fault in reading.faults)
    faults.extend(secrets_in(plans.source))
    faults.extend(collisions([holder for reading in readings for holder in _holders(reading, zone)]))
    last = before or {}
    faults.extend(_beyond(readings, plans.value, services.value, today))
    faults.extend(_secrets(readings, today, secrets))
    faults.extend(_breaks(readings, plans.value, services.value, today, last))
    if plans.value is not None and models.value is not None:
        faults.extend(unknown_models(plans.source, plans.value.plans, models.value))
    if faults or plans.value is None or services.value is None or models.value is None:
        raise Faults(faults)
    seen = first_seen_deleted or {}
    resolved = [
        resolve(
            spec,
            plans.value.plans,
            zone,
            today,
            first_seen_deleted=seen.get(spec.code, unseen),
            before=last.get(spec.code),
            system=system,
            services=services.value,
            models=models.value,
        )
        for spec in _of(readings, TenantSpec)
    ]
    return Fleet(
        tenants=_by_code(tenant for tenant in resolved if tenant.phase is not Phase.PURGING),
        purging=_by_code(tenant for tenant in resolved if tenant.phase is Phase.PURGING),
        tombstones=tuple(sorted(_of(readings, Tombstone), key=lambda one: int(one.code[1:]))),
        plans=plans.value.plans,
        services=services.value,
        models=models.value,
    )


def plans_file(directory: Path) -> Path:
    """The file of the plans that a directory's tenants are on."""
    return own_or_project(directory, PLANS_FILE)


def own_or_project(directory: Path, name: str) -> Path:
    """The catalogue `name` of a folder of tenants: its own, else the project's."""
    own, others = directory / name, PROJECT_TENANTS / name
    return own if own.exists() or own.is_symlink() or not others.exists() else others


def _holders(reading: Reading[TenantSpec | Tombstone], zone: str) -> Iterator[CodeClaim]:
    code, phone = reading.source.valid("code"), reading.source.valid("phone")
    if isinstance(code, str) and is_code(code):
        right = isinstance(phone, str) and is_phone(phone)
        yield CodeClaim(reading.source, code, phone if right else None, names_of(code, phone, zone) if right else None)


def _beyond(
    readings: Iterable[Reading[TenantSpec | Tombstone]],
    plans: PlansDocument | None,
    services: Services | None,
    today: date,
) -> Iterator[Fault]:
    for reading in readings:
        if reading.value is None:
            continue
        yield from date_faults(reading.source, reading.value, today)
        if isinstance(reading.value, TenantSpec) and plans is not None:
            yield from plan_faults(reading.source, reading.value, plans.plans)
        if isinstance(reading.value, TenantSpec) and plans is not None and services is not None:
            yield from catalogue_faults(reading.source, reading.value, plans.plans, services)


def _secrets(
    readings: Iterable[Reading[TenantSpec | Tombstone]], today: date, stack: StackSecrets | None
) -> Iterator[Fault]:
    for reading in readings:
        if isinstance(reading.value, TenantSpec):
            is_handed = phase_of(reading.value, today).has_access
            yield from secret_faults(reading.source, reading.value, stack, is_handed=is_handed)


def _breaks(
    readings: Iterable[Reading[TenantSpec | Tombstone]],
    plans: PlansDocument | None,
    services: Services | None,
    today: date,
    before: Mapping[str, PreviousRun],
) -> Iterator[Fault]:
    for reading in readings:
        if isinstance(reading.value, TenantSpec) and reading.value.code in before:
            last = before[reading.value.code]
            yield from rotation_faults(reading.source, reading.value, today, last)
            if plans is not None and services is not None:
                yield from plan_change_faults(reading.source, reading.value, plans.plans, services, last)


def _of(readings: Iterable[Reading[TenantSpec | Tombstone]], kind: type[Kind]) -> list[Kind]:
    return [reading.value for reading in readings if isinstance(reading.value, kind)]


def _by_code(tenants: Iterable[ResolvedTenant]) -> tuple[ResolvedTenant, ...]:
    return tuple(sorted(tenants, key=lambda one: int(one.code[1:])))
