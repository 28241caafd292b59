"""The origin of each value in force: the system, the plans' defaults, the plan, or a line of the tenant's file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from tenantry.parsing.regular_file import read_regular
from tenantry.parsing.yaml_document import Document, read_document
from tenantry.spec.config_layers import SYSTEM_KEYS
from tenantry.spec.plans import Plan, PlanFeatures
from tenantry.spec.tenant import TenantSpec

Key = tuple[str, ...]

DERIVED: Final = "derived from code and phone"
PHASE: Final = "derived from status and day"
CATALOGUE: Final = "catalogue (services.yaml)"
SYSTEM: Final = "system: set by the stack"
# What a detail is called -> where a tenant's file may say it.
_TENANT: Final[Mapping[Key, Key]] = {
    ("max_users",): ("limits", "max_users"),
    ("max_storage",): ("limits", "max_storage"),
    ("contact", "phone"): ("phone",),
    ("quotas", "users", "limit"): ("limits", "max_users"),
    ("quotas", "storage", "limit"): ("limits", "max_storage"),
}
# What a detail is called -> where a plan says it, for those that are called otherwise there.
_PLAN: Final[Mapping[Key, Key]] = {
    ("max_users",): ("quotas", "users", "limit"),
    ("max_storage",): ("quotas", "storage", "limit"),
    ("database_limits",): ("database",),
}
_ALWAYS: Final = {
    **dict.fromkeys(("names", "domain", "database"), DERIVED),
    **dict.fromkeys(("phase", "access", "due_on"), PHASE),
    "services": CATALOGUE,
}

# Of those that follow from others where nobody says them.
_OTHERWISE: Final[Mapping[Key, str]] = {("database_limits", "temp_files"): "the plan's storage over its connections"}


@dataclass(frozen=True, slots=True)
class Origins:
    """Origins of one tenant: its file and the plans' file, with the line of everything in them."""

    tenant_file: str
    tenant: Document
    plans_file: str
    plans: Document
    plan: str
    plan_features: PlanFeatures
    locked: tuple[str, ...]  # dotted paths of the configuration that no tenant overrides

    def of(self, key: Key) -> str:
        """The origin of a detail (tenantry/reports/tenant_details.py) by its path, such as ("config", "branding",
        "color")."""
        if key[0] in _ALWAYS:
            return _ALWAYS[key[0]]
        if key[0] == "config" and len(key) == 2 and key[1] in SYSTEM_KEYS:
            return SYSTEM
        said = self._said(_mapped(key, _TENANT))
        if said is not None:
            return f"{self.tenant_file}:{said}"
        if key[0] == "features":
            return self._feature(key[1])
        for layer, line in self._in_plans(_mapped(key, _PLAN)):
            locked = ", locked" if key[0] == "config" and self._is_locked(key[1:]) else ""
            return f"{layer}{locked} ({self.plans_file}:{line})"
        return _OTHERWISE.get(key, "not set")

    def _said(self, path: Key) -> int | None:
        """The line of the tenant's file. Nothing after a field's name leaves it to the plan, but in `config`."""
        value: Any = self.tenant.data
        for step in path:
            value = cast(Any, value).get(step) if isinstance(value, Mapping) else None
        return self.tenant.lines.get(path) if value is not None or path[0] == "config" else None

    def _feature(self, name: str) -> str:
        """On by the plan; off because the tenant does not switch it on, or could not."""
        which = "included" if name in self.plan_features.included else "optional"
        where, word = ("features", which), f"{which} in"
        if not self.plan_features.offers(name):
            where, word = ("features",), "no part of"
        line = next(line for _, line in self._in_plans(where))
        return f"{word} plan {self.plan} ({self.plans_file}:{line})"

    def _in_plans(self, path: Key) -> Iterator[tuple[str, int]]:
        """The layers of the plans' file that say it, the one that counts first, with their lines."""
        layers = ((("plans", self.plan), f"plan {self.plan}"), (("defaults",), "default of all plans"))
        for above, layer in layers:
            if (line := self.plans.lines.get((*above, *path))) is not None:
                yield layer, line

    def _is_locked(self, key: Key) -> bool:
        return any(".".join(key[: len(path.split("."))]) == path for path in self.locked)


def origins(directory: Path, plans_file: Path, spec: TenantSpec, plan: Plan) -> Origins:
    """Origins of a tenant whose files have been read without a fault."""
    tenant_file = directory / f"{spec.code}.yaml"
    return Origins(
        str(tenant_file),
        read_document(read_regular(tenant_file)),
        plans_file.name,
        read_document(read_regular(plans_file)),
        spec.plan,
        plan.features,
        plan.locked,
    )


def leaves(value: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every value that is no mapping, with its path; an empty mapping counts as one."""
    if isinstance(value, Mapping) and value:
        for name, item in cast(Mapping[str, Any], value).items():
            yield from leaves(item, (*key, name))
    else:
        yield key, value


def _mapped(key: Key, names: Mapping[Key, Key]) -> Key:
    for start, other in names.items():
        if key[: len(start)] == start:
            return (*other, *key[len(start) :])
    return key
