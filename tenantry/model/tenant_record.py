"""The stack's record of each tenant, in its output `tenants`: the program writes it, the next run and commands read it.

Values are known and none is secret. What another version of the program wrote beside them goes on as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Self, TypeVar, cast

from tenantry.model.credential_rotation import SeenRotations
from tenantry.model.previous_run import PreviousRun

TENANTS: Final = "tenants"  # the name of the output
NAMES: Final = ("domain", "database", "namespace", "prefix", "role")
_KEYS: Final = frozenset(
    {*NAMES, "phase", "cell", "deletionSeen", "rotations", "plan", "services", "scaled", "buried", "opening"}
)


class UnreadableRecordError(ValueError):
    """A record of another shape than this version's."""


@dataclass(frozen=True, slots=True)
class TenantRecord:
    """One tenant as of the last run that reached it."""

    phase: str  # a value of Phase, or one that another version knows
    cell: str
    deletion_seen: date | None = None  # the day of the run that first saw it deleted
    given: PreviousRun = field(default_factory=PreviousRun)
    domain: str | None = None
    database: str | None = None
    namespace: str | None = None
    prefix: str | None = None  # where its objects lie
    role: str | None = None
    buried: str | None = None  # the proof in its file's tombstone, once a run has seen one; empty: a removal taken back
    opening: bool = False  # no run has come to the end of its opening: something of it is there, nothing was given yet
    others: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, compare=False)

    @classmethod
    def from_output(cls, output: object) -> Self:
        """Raises UnreadableRecordError: guessing what a stack held could cost a tenant its data."""
        try:
            return cls._parsed(cast("Mapping[str, Any]", output))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UnreadableRecordError(type(error).__name__) from None

    @classmethod
    def _parsed(cls, output: Mapping[str, Any]) -> Self:
        seen = output.get("deletionSeen")
        given = PreviousRun(
            rotations=_rotations(output.get("rotations", ())),
            plan=output.get("plan"),
            services=tuple(output.get("services", ())),
            scaled=bool(output.get("scaled")),
        )
        return cls(
            phase=str(output["phase"]),
            cell=str(output["cell"]),
            deletion_seen=date.fromisoformat(seen) if seen else None,
            given=given,
            buried=str(output["buried"]) if "buried" in output else None,
            opening=bool(output.get("opening")),
            others={key: value for key, value in output.items() if key not in _KEYS},
            **{name: str(output[name]) for name in NAMES if output.get(name)},
        )

    def to_output(self) -> dict[str, Any]:
        """The record as plain values, without what is not known."""
        given = self.given
        rotations = [[name, number, since.isoformat()] for name, (number, since) in given.rotations.items()]
        names = {name: getattr(self, name) for name in NAMES}
        return {
            **self.others,
            **{name: value for name, value in names.items() if value is not None},
            "phase": str(self.phase),
            "cell": self.cell,
            **({"rotations": rotations} if rotations else {}),
            **({"plan": given.plan, "services": list(given.services)} if given.plan is not None else {}),
            **({"scaled": True} if given.scaled else {}),
            **({"deletionSeen": self.deletion_seen.isoformat()} if self.deletion_seen else {}),
            **({"buried": self.buried} if self.buried is not None else {}),
            **({"opening": True} if self.opening else {}),
        }


def _rotations(output: Any) -> SeenRotations:
    """From a list, as whoever looks for secrets takes the value of a key `credentials` for one."""
    return {str(name): (int(number), date.fromisoformat(day)) for name, number, day in output}


_Record = TypeVar("_Record", bound=TenantRecord)


def tenant_records(output: object, kind: type[_Record]) -> dict[str, _Record]:
    """The output TENANTS: code -> record; none before the first run. Raises UnreadableRecordError."""
    if output is None:
        return {}
    if not isinstance(output, Mapping):
        raise UnreadableRecordError(type(output).__name__)
    listed = cast("Mapping[object, object]", output)
    return {str(code): kind.from_output(record) for code, record in listed.items()}
