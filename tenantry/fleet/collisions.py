"""Values that no two tenants may share: codes (never used again), phones, domains, databases, prefixes."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from tenantry.names import Names
from tenantry.parsing.faults import Fault
from tenantry.spec.loader import Source


@dataclass(frozen=True, slots=True)
class CodeClaim:
    """A file whose code is in order, with the phone and the names where these are too."""

    source: Source
    code: str
    phone: str | None
    names: Names | None

    @property
    def number(self) -> int:
        """k001 and k0001 are one number: the next code is the highest number and one."""
        return int(self.code[1:])

    @property
    def misnamed(self) -> bool:
        return PurePath(self.source.file).name != f"{self.code}.yaml"

    def fault(self, at: str, field: str, problem: str, remedy: str) -> Fault:
        return Fault(self.source.file, self.source.document.line_of((at,)), field, problem, remedy)


def next_code(codes: Iterable[str]) -> str:
    """The highest ever and one; tombstones count."""
    return f"k{max((int(code[1:]) for code in codes), default=0) + 1:03d}"


def collisions(holders: Sequence[CodeClaim]) -> list[Fault]:
    """One fault for every later file; the file that bears its code's name counts as the first."""
    ordered = sorted(holders, key=lambda holder: (holder.misnamed, len(holder.code), holder.source.file))
    free = next_code(holder.code for holder in holders)
    faults: list[Fault] = []
    copies: set[str] = set()  # files whose code is taken: their domain and database are no further fault
    for first, later in _pairs(ordered, lambda holder: holder.number):
        copies.add(later.source.file)
        problem = f"{later.code} is taken by {_name(first)}"
        faults.append(later.fault("code", "code", problem, f"give this tenant the next free code {free}"))
    for first, later in _pairs(ordered, lambda holder: holder.phone):
        remedy = "give each tenant its own number"
        if first.source.valid("status") == "purged":
            remedy = "use another, or once that tenant is gone remove it from the tombstone"
        faults.append(later.fault("phone", "phone", f"the number is taken by {_name(first)}", remedy))
    apart = [holder for holder in ordered if holder.source.file not in copies]
    for field in ("domain", "database"):
        for first, later in _pairs(apart, lambda holder, f=field: holder.names and getattr(holder.names, f)):
            problem = f"is the same as that of {_name(first)}"
            faults.append(later.fault("code", field, problem, f"give this tenant the next free code {free}"))
    faults.extend(_nested(holders))
    faults.extend(_misnamed(holder) for holder in ordered if holder.misnamed and holder.source.file not in copies)
    return faults


def _pairs(
    holders: Iterable[CodeClaim], key: Callable[[CodeClaim], Hashable | None]
) -> Iterator[tuple[CodeClaim, CodeClaim]]:
    """Every holder whose key an earlier one has, with that earlier one."""
    seen: dict[Hashable, CodeClaim] = {}
    for holder in holders:
        value = key(holder)
        if value is None:
            continue
        if value in seen:
            yield seen[value], holder
        else:
            seen[value] = holder


def _nested(holders: Iterable[CodeClaim]) -> Iterator[Fault]:
    """Prefixes that contain one another. Sorted, those that begin alike follow the one they begin with."""
    named = sorted((holder.names.prefix, holder.source.file, holder) for holder in holders if holder.names)
    for position, (outer, _, first) in enumerate(named):
        for inner, _, later in named[position + 1 :]:
            if not inner.startswith(outer):
                break
            if inner != outer:
                problem = f"the place for files lies within that of {_name(first)}"
                yield later.fault("phone", "phone", problem, "give this tenant another number")


_CODE_FILE: Final = re.compile(r"k[0-9]{3,6}\.yaml")


def _misnamed(holder: CodeClaim) -> Fault:
    remedy = f"rename it to {holder.code}.yaml"
    if _CODE_FILE.fullmatch(PurePath(holder.source.file).name):
        remedy += " or correct the code"
    return holder.fault("code", "code", f"{holder.code} is not what the file is named for", remedy)


def _name(holder: CodeClaim) -> str:
    return PurePath(holder.source.file).name
