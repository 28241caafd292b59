"""The digest of all that a stack is made from: resolved tenants, settings, program and the platform's facts.

The program leaves it among the outputs once everything is done, and a run over many stacks passes by those whose
digest is still the same. What a run only remembers (a first rotation's day, that something scaled) is no part of it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel

from tenantry.engine.stack.program_files import program_digest
from tenantry.fleet.load import Fleet
from tenantry.model.credential_rotation import Rotation
from tenantry.model.resolved import ResolvedTenant

MADE_FROM: Final = "madeFrom"  # the output
_OF_THE_ENGINE: Final = re.compile(r"^(?:encryptionsalt|encryptedkey|secretsprovider):.*\n?", re.MULTILINE)


def made_from(
    root: Path,
    stack: str,
    fleet: Fleet,
    holds: Callable[[str], bool],
    *,
    has_platform: bool,
    platform: Mapping[str, Any] | None = None,
) -> str:
    """`holds` tells it of a cell; `platform`: the facts of the stack that holds it, where this one does not."""
    parts: dict[str, Any] = {
        "program": program_digest(root),
        "settings": _settings(root / f"Pulumi.{stack}.yaml"),
        "tenants": {tenant.code: _tenant(tenant) for tenant in fleet.all if holds(tenant.cell)},
        "tombstones": [_plain(tombstone) for tombstone in fleet.tombstones if holds(tombstone.cell)],
        "platform": _plain(platform),
    }
    if has_platform:
        parts["places"] = {tenant.code: tenant.names.temp_prefix for tenant in fleet.all}
        parts["services"] = _plain(fleet.services)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _settings(file: Path) -> str:
    """The text but for what the engine enters into it; secrets as they are encrypted."""
    return _OF_THE_ENGINE.sub("", file.read_text(encoding="utf-8")) if file.is_file() else ""


def _tenant(tenant: ResolvedTenant) -> Any:
    """All but what follows from these, and what the last run alone knows."""
    return _plain(
        {
            "spec": tenant.spec,
            "plan": tenant.plan,
            "phase": tenant.phase,
            "dueOn": tenant.due_on,
            "apiKeys": tenant.api_keys,
            "services": tenant.services,
            "models": tenant.models,
            "rotations": {name: _rotation(rotation) for name, rotation in tenant.rotations.items()},
        }
    )


def _rotation(rotation: Rotation) -> list[Any]:
    """Of a first one the day is that of each run."""
    return [rotation.number, None if rotation.first else rotation.since, rotation.overlaps]


def _plain(value: Any) -> Any:
    """As JSON has it, equal for equal values. Raises TypeError for a kind of value that it does not know."""
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(entry) for entry in cast("set[Any]", value)), key=str)
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # the engine has no other numbers than these
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, date | Decimal):
        return str(value)
    raise TypeError(f"a {type(value).__name__} has no plain form")
