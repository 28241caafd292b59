"""A new tenant's file: the next code that nobody has or is about to take, checked before it is written."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from tenantry.changes.branches import BranchFile, branch_files, phone_of
from tenantry.changes.history import removed_files
from tenantry.fleet.collisions import next_code
from tenantry.fleet.load import own_or_project, plans_file
from tenantry.fleet.plan_limits import catalogue_faults, plan_faults
from tenantry.names import CODE, TENANTS_FOLDER
from tenantry.parsing.faults import Fault, Faults, FieldError
from tenantry.parsing.yaml_writer import dump, new_document
from tenantry.reports.baseline import BaselineUnavailable
from tenantry.spec.fields import Cell, DisplayName, Email, Phone, SingleLineText, Slug
from tenantry.spec.labels import Labels
from tenantry.spec.loader import parse_tenant, read_model, read_tenant
from tenantry.spec.plans import PlansDocument, with_defaults
from tenantry.spec.services import SERVICES_FILE, Services
from tenantry.spec.tenant import PlanName, TenantSpec
from tenantry.spec.validation_messages import findings

FIELDS: Final[Mapping[str, Any]] = {
    "name": DisplayName,
    "phone": Phone,
    "plan": PlanName,
    "contact": DisplayName,
    "email": Email,
    "cell": Cell,
    "address": SingleLineText,
    "service": Slug,
    "label": Labels,
}
_COMMENTS: Final = {
    "code": "stays, and is never used again",
    "phone": "its files lie below it: stays too",
    "contact": "receives the first account",
}
_FURTHER: Final = """\
# Where it differs from its plan, within what the plan allows (docs/plans.md):
# limits: {max_users: 120, max_storage: 20Gi}
# features: {auditLogs: true}
"""
_LABELS: Final = (
    "# labels: {region: south}  # for people and their tools, seen by many; `tenantry list --label region=south`\n"
)
_PEOPLE: Final = """\
# Beside the contact, each with an account of their own; `id` is what reports say, so nobody's name:
# administrators:
#   - {id: deputy, name: 李老师, phone: "13900139000", email: deputy@example.com, role: tenant_admin}
# notes: for people alone, never deployed
"""
_SERVICES: Final = "# enabled_services: [enrollment]  # of services.yaml\n"


@dataclass(frozen=True, slots=True)
class NewTenant:
    """The answers for a new tenant; the code is chosen."""

    name: str
    phone: str
    plan: str
    contact: str
    email: str
    cell: str
    address: str | None = None
    services: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def field_fault(name: str, value: str | Mapping[str, str]) -> FieldError | None:
    """The fault of one answer."""
    try:
        TypeAdapter[Any](FIELDS[name]).validate_python(value, strict=True)
    except ValidationError as error:
        return findings(error, TenantSpec)[0][1]
    return None


def find_code(directory: Path) -> str:
    """The highest code of these files, of every branch that this clone knows and of their history, and one."""
    return free_code(directory, _local_codes(directory))


def free_code(directory: Path, codes: Iterable[str], below: str | None = None) -> str:
    """The next code after these and those of every branch; `below`: as if nobody had that code or a higher one."""
    taken = {*codes, *(file.name.removesuffix(".yaml") for file in branch_files(directory))}
    if below is not None:
        taken = {code for code in taken if int(code[1:]) < int(below[1:])}
    code = next_code(taken)
    while code != below and _was_used(directory, code):
        taken.add(code)
        code = next_code(taken)
    return code


def phone_holder(directory: Path, phone: str) -> str | None:
    """The tenant with this phone: a file beside this one, or one that a branch is about to add."""
    digits = phone.encode()
    local = sorted(directory.glob("*.yaml"))
    for path in local:
        if path.is_file() and digits in path.read_bytes() and read_tenant(path).source.valid("phone") == phone:
            return str(path)
    names = {path.name for path in local}
    waiting = (file for file in branch_files(directory) if file.name not in names)
    return next((_shown(file) for file in waiting if phone_of(directory, file) == phone), None)


def write_tenant(directory: Path, code: str, tenant: NewTenant, *, dry_run: bool = False) -> tuple[Path, str]:
    """Write the file, unless one is there; returns it and its text. Raises Faults for what its plan does not allow."""
    path = directory / f"{code}.yaml"
    text = tenant_text(directory, code, tenant)
    faults = list(_faults(path, text))
    if faults:
        raise Faults(faults)
    if not dry_run:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    return path, text


def tenant_text(directory: Path, code: str, tenant: NewTenant) -> str:
    fields: dict[str, Any] = {
        "code": code,
        "name": tenant.name,
        "phone": tenant.phone,
        "plan": tenant.plan,
        "status": "active",
        "cell": tenant.cell,
        "contact": {"name": tenant.contact, "email": tenant.email},
    }
    if tenant.address is not None:
        fields["address"] = tenant.address
    if tenant.labels:
        fields["labels"] = dict(tenant.labels)
    if tenant.services:
        fields["enabled_services"] = list(tenant.services)
    return (
        "".join(_modeline(directory))
        + dump(new_document(fields, _COMMENTS))
        + _FURTHER
        + ("" if tenant.services else _SERVICES)
        + ("" if tenant.labels else _LABELS)
        + _PEOPLE
    )


def _faults(path: Path, text: str) -> Iterator[Fault]:
    reading = parse_tenant(path, text.encode())
    yield from reading.faults
    directory = path.parent
    plans = read_model(plans_file(directory), PlansDocument, with_defaults)
    services = read_model(own_or_project(directory, SERVICES_FILE), Services, lambda document: document)
    yield from (*plans.faults, *services.faults)
    if isinstance(reading.value, TenantSpec) and plans.value is not None and services.value is not None:
        yield from plan_faults(reading.source, reading.value, plans.value.plans)
        yield from catalogue_faults(reading.source, reading.value, plans.value.plans, services.value)


def _modeline(directory: Path) -> Iterator[str]:
    """The comment by which editors check the file while one types."""
    for schema in ("./schema.json", f"../{TENANTS_FOLDER}/schema.json"):
        if (directory / schema).is_file():
            yield f"# yaml-language-server: $schema={schema}\n"
            return


def _local_codes(directory: Path) -> Iterable[str]:
    names = (entry.name.removesuffix(".yaml") for entry in os.scandir(directory) if entry.name.endswith(".yaml"))
    return [name for name in names if CODE.fullmatch(name)]


def _was_used(directory: Path, code: str) -> bool:
    try:
        return bool(removed_files("HEAD", directory, [code]))
    except BaselineUnavailable:  # no repository, or one without a commit
        return False


def _shown(file: BranchFile) -> str:
    return f"{file.branch}:{file.name}"
