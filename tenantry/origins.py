"""Where each value in force comes from: the system, the plans' defaults, the plan, or a line of the tenant's file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from tenantry.document import Document, read_document
from tenantry.layers import SYSTEM_KEYS
from tenantry.plans import Plan
from tenantry.regular import read_regular
from tenantry.spec import TenantSpec

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


@dataclass(frozen=True, slots=True)
class Origins:
    """Of one tenant: its file and the plans' file, with the line of everything in them."""

    tenant_file: str
    tenant: Document
    plans_file: str
    plans: Document
    plan: str
    locked: tuple[str, ...]  # dotted paths of the configuration that no tenant overrides

    def of(self, key: Key) -> str:
        """The origin of a detail (tenantry/report.py) by its path, such as ("config", "branding", "color")."""
        if key[0] in _ALWAYS:
            return _ALWAYS[key[0]]
        if key[0] == "config" and len(key) == 2 and key[1] in SYSTEM_KEYS:
            return SYSTEM
        said = self._line(self.tenant, _mapped(key, _TENANT))
        if said is not None:
            return f"{self.tenant_file}:{said}"
        if key[0] == "features":
            return self._feature(key[1])
        in_plan = _mapped(key, _PLAN)
        for path, what in ((("plans", self.plan), f"plan {self.plan}"), (("defaults",), "default of all plans")):
            line = self._line(self.plans, (*path, *in_plan))
            if line is not None:
                locked = ", locked" if key[0] == "config" and self._is_locked(key[1:]) else ""
                return f"{what}{locked} ({self.plans_file}:{line})"
        return "not set"

    def _feature(self, name: str) -> str:
        """On by the plan; off because the tenant does not switch it on, or could not."""
        lists = cast(Any, self.plans.data)["plans"][self.plan]["features"]
        which = next((one for one in ("included", "optional") if name in lists[one]), None)
        path = ("plans", self.plan, "features", *((which,) if which else ()))
        word = {"included": "included in", "optional": "optional in", None: "no part of"}[which]
        return f"{word} plan {self.plan} ({self.plans_file}:{self.plans.line_of(path)})"

    def _is_locked(self, key: Key) -> bool:
        return any(".".join(key[: len(path.split("."))]) == path for path in self.locked)

    @staticmethod
    def _line(document: Document, path: Key) -> int | None:
        return document.lines.get(path)


def origins(directory: Path, plans_file: Path, spec: TenantSpec, plan: Plan) -> Origins:
    """Of a tenant whose files have been read without a fault."""
    tenant_file = directory / f"{spec.code}.yaml"
    return Origins(
        str(tenant_file),
        read_document(read_regular(tenant_file)),
        plans_file.name,
        read_document(read_regular(plans_file)),
        spec.plan,
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
