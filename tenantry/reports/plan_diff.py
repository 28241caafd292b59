"""The tenants affected by a change of plans or files, and how: what each was given against what it would be given.

Both sides are the documents that the applications are told (tenantry/model/app_settings.py), and beside them what is
done without their knowing (tenantry/model/infra_settings.py): one from the files, the other from the tenant's row as
the stack applied it last, from a revision or from another directory.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeGuard, cast

from tenantry.model.infra_settings import INFRA_SETTINGS, PERSON
from tenantry.spec.config_layers import SYSTEM_KEYS
from tenantry.spec.quantity import millicores_of

Document = Mapping[str, Any]
Direction = Literal["more", "less", "other"]
# Of these a larger number, a further entry or an `on` is more for the tenant; of all else nobody can say.
_MEASURED: Final = (
    "maxUsers",
    "maxStorage",
    "quotas",
    "limits",
    "features",
    "ai",
    "services",
    "enabledServices",
    "backups",
    "administrators",
)
_UNMEASURED: Final = (("limits", "statementTimeoutSeconds"), ("limits", "scaleAtCpu"))
_OPTIONAL: Final[Document] = {"labels": {}, "administrators": []}  # left out of a document that has none
_LEFT_OUT: Final = frozenset({("version",), *(("config", key) for key in SYSTEM_KEYS)})  # the stack's, not the files'


@dataclass(frozen=True, slots=True)
class Change:
    """One key. None stands for what is not there."""

    key: str
    before: Any
    after: Any
    direction: Direction


@dataclass(frozen=True, slots=True)
class TenantDiff:
    """The differences that one tenant would see."""

    code: str
    kind: Literal["opened", "gone", "changed"]
    plans: tuple[str | None, str | None]
    monthly: tuple[int, int]  # CNY
    changes: tuple[Change, ...] = ()
    restarts: bool = False  # the application's pods: they are told of it

    @property
    def gets_less(self) -> bool:
        return any(change.direction == "less" for change in self.changes)


def diff_tenants(before: Mapping[str, Document], after: Mapping[str, Document]) -> list[TenantDiff]:
    """By code; nobody who would see nothing."""
    differences: list[TenantDiff] = []
    for code in sorted({*before, *after}, key=lambda one: int(one[1:])):
        old, new = before.get(code), after.get(code)
        plans = (_plan(old), _plan(new))
        monthly = (_monthly(old), _monthly(new))
        if old is None or new is None:
            differences.append(TenantDiff(code, "opened" if old is None else "gone", plans, monthly))
        elif changes := tuple(_changes(*_whole(old, new))):
            restarts = any(_changes(_told(old), _told(new)))
            differences.append(TenantDiff(code, "changed", plans, monthly, changes, restarts))
    return differences


def _told(document: Document) -> Document:
    return {key: value for key, value in document.items() if key != INFRA_SETTINGS}


def _whole(old: Document, new: Document) -> tuple[Document, Document]:
    """Each with what is done beside; without, where one of them was recorded before that was."""
    if INFRA_SETTINGS not in old or INFRA_SETTINGS not in new:
        return _told(old), _told(new)
    return _joined(old), _joined(new)


def _joined(document: Document) -> Document:
    done = cast(Document, document[INFRA_SETTINGS])
    services = {str(service["name"]): service for service in cast(Sequence[Document], done["services"])}
    entries = cast(Sequence[Document], document["services"])
    return {
        **_OPTIONAL,
        **_told(document),
        **done,
        "services": [{**entry, **services[str(entry["name"])]} for entry in entries],
    }


def _changes(old: Any, new: Any, key: tuple[str, ...] = ()) -> Iterator[Change]:
    """Changes of one tenant; a service that comes or goes as a whole is one change."""
    if key in _LEFT_OUT or old == new:
        return
    before, after = _matching(_by_name(old), _by_name(new)), _matching(_by_name(new), _by_name(old))
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        ours, theirs = cast(Document, before), cast(Document, after)
        for name in dict.fromkeys([*theirs, *ours]):
            yield from _changes(ours.get(name), theirs.get(name), (*key, name))
    elif key[-1] == PERSON and key[0] == "administrators":  # whoever had the account has it no longer
        yield Change(".".join(key), "one", "another", "less")
    else:
        yield Change(".".join(key), _shown(before), _shown(after), _direction(key, before, after))


def _matching(value: Any, other: Any) -> Any:
    """A list without an entry, yet or any more, is one of whatever the other side has entries of."""
    return dict[str, Any]() if value == [] and isinstance(other, Mapping) else value


def _shown(value: Any) -> Any:
    return "there" if isinstance(value, Mapping) else value


def _by_name(value: Any) -> Any:
    """Lists of named entries count as mappings by name: that one more service came is no change of the others."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return value
    items = cast(Sequence[Any], value)
    if not items or not all(isinstance(item, Mapping) and "name" in item for item in items):
        return list(items)
    return {str(item["name"]): {key: inner for key, inner in item.items() if key != "name"} for item in items}


def _direction(key: tuple[str, ...], before: Any, after: Any) -> Direction:
    if key[0] not in _MEASURED or key[:2] in _UNMEASURED or key[-1] in ("priority", "version", "thresholds", "port"):
        return "other"
    if _is_list(before) and _is_list(after):
        return "less" if {*map(str, before)} - {*map(str, after)} else "more"
    if before is None or after is None:
        return "more" if before is None else "less"
    was, will_be = (millicores_of(str(side)) if key[-1] == "cpu" else side for side in (before, after))
    if not isinstance(was, int) or not isinstance(will_be, int):
        return "other"
    return "more" if will_be > was else "less"


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _plan(document: Document | None) -> str | None:
    return None if document is None else str(document.get("plan"))


def _monthly(document: Document | None) -> int:
    price = document.get("price") if document else None
    return int(cast(Document, price).get("monthly", 0)) if isinstance(price, Mapping) else 0
