"""Every fault of a request against a git reference: what `tenantry validate --base REF` says beside the files' own."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from tenantry.changes.history import removed_files, same_number
from tenantry.changes.merge import Merge, conflict_faults, merge, names_at
from tenantry.changes.rules import RULES, Change, TenantFile
from tenantry.fleet.load import load_fleet, own_or_project, plans_file
from tenantry.names import CODE
from tenantry.parsing.faults import Fault, Faults
from tenantry.spec.ai_models import MODELS_FILE
from tenantry.spec.loader import parse_tenant, read_model
from tenantry.spec.plans import PLANS_FILE, PlansDocument, with_defaults
from tenantry.spec.services import SERVICES_FILE, Services
from tenantry.spec.tenant import Tombstone

_CATALOGUES: Final = (PLANS_FILE, SERVICES_FILE, MODELS_FILE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The files of a folder that differ between the reference and the merge result, read on both sides."""

    reference: str
    directory: Path
    before: dict[str, TenantFile]  # by file name; without those that are the same
    after: dict[str, TenantFile]
    base_names: frozenset[str]  # of all tenants' files of the reference


def request_faults(reference: str, directory: Path, zone: str, today: date, own: Iterable[Fault] = ()) -> list[Fault]:
    """Faults of a request: forbidden changes, and whatever is wrong once it is merged. Raises BaselineUnavailable.

    `own` are the faults that the work tree's files have by themselves, which are not told again.
    """
    merged = merge(reference, directory)
    comparison = _compare(merged, directory)
    faults = [*conflict_faults(merged, directory), *_vanished(comparison), *_changed(comparison, today)]
    faults += _used_before(comparison, merged.commit)
    if merged.is_merged:
        faults += _faults_of_merge(merged, directory, zone, today, own)
    return faults


def taken_codes(reference: str, directory: Path) -> frozenset[str]:
    """The codes of the files that a reference holds in the folder of tenants. Raises BaselineUnavailable."""
    codes = (name.removesuffix(".yaml") for name in names_at(reference, directory) if name.endswith(".yaml"))
    return frozenset(code for code in codes if CODE.fullmatch(code))


def _compare(merged: Merge, directory: Path) -> Comparison:
    skipped = {*_CATALOGUES, *merged.conflicts}
    base = {name: content for name, content in merged.base.items() if name not in skipped}
    result = {name: content for name, content in merged.result.items() if name not in skipped}
    differing = {name for name in {*base, *result} if base.get(name) != result.get(name)}

    def read(files: dict[str, bytes]) -> dict[str, TenantFile]:
        return {name: parse_tenant(directory / name, files[name]) for name in sorted(differing & files.keys())}

    return Comparison(merged.reference, directory, read(base), read(result), frozenset(base))


def _vanished(comparison: Comparison) -> Iterator[Fault]:
    """A tenant never goes because its file did; a tombstone holds its code."""
    moved = {
        source.source.valid("phone"): name for name, source in comparison.after.items() if name not in comparison.before
    }
    for name, before in comparison.before.items():
        if name in comparison.after:
            continue
        path, reference = comparison.directory / name, comparison.reference
        back = f"bring it back with `git checkout {reference} -- {path}`"
        phone = before.source.valid("phone")
        if isinstance(before.value, Tombstone):
            problem, remedy = "is gone, and with it what keeps its code from being used again", back
        elif phone is not None and phone in moved:
            problem = f"was renamed to {moved[phone]}"
            remedy = f"rename it back: a tenant keeps its code {before.source.valid('code') or ''}".rstrip()
        else:
            problem, remedy = (
                f"is gone, and {reference} has it",
                f"{back}; to delete a tenant write `status: deleted` in it",
            )
        yield Fault(str(path), 1, "file", problem, remedy)


def _changed(comparison: Comparison, today: date) -> Iterator[Fault]:
    plans = read_model(plans_file(comparison.directory), PlansDocument, with_defaults).value
    services = read_model(
        own_or_project(comparison.directory, SERVICES_FILE), Services, lambda document: document
    ).value
    for name in comparison.before.keys() & comparison.after.keys():
        before, after = comparison.before[name], comparison.after[name]
        change = Change(comparison.reference, before, after, today, plans and plans.plans, services)
        for rule in RULES:
            yield from rule(change)


def _used_before(comparison: Comparison, commit: str) -> Iterator[Fault]:
    """A new file whose code another tenant has had: one of the reference, or one whose file it removed at some time."""
    codes = {name: name.removesuffix(".yaml") for name in comparison.after if name not in comparison.base_names}
    codes = {name: code for name, code in codes.items() if CODE.fullmatch(code)}
    removed = removed_files(commit, comparison.directory, codes.values())
    for name, code in codes.items():
        after = comparison.after[name]
        for variant in same_number(code):
            file = f"{variant}.yaml"
            if file in comparison.base_names:
                problem = f"{code} is the number of {file}, which {comparison.reference} has"
            elif file in removed and not _is_same_tenant(parse_tenant(Path(file), removed[file]), after):
                problem = f"{code} was another tenant's, whose file {comparison.reference} no longer has"
            else:
                continue
            yield after.source.fault(("code",), problem, "codes are never used again: open it with `tenantry new`")
            break


def _is_same_tenant(before: TenantFile, after: TenantFile) -> bool:
    """Brought back rather than replaced."""
    if isinstance(before.value, Tombstone) and before.value.is_bare:
        return before.value == after.value
    return before.source.valid("phone") == after.source.valid("phone")


def _faults_of_merge(merged: Merge, directory: Path, zone: str, today: date, own: Iterable[Fault]) -> list[Fault]:
    """Faults of all files together after the merge."""
    with tempfile.TemporaryDirectory(prefix="tenantry-") as scratch:
        for name, content in merged.result.items():
            Path(scratch, name).write_bytes(content)
        faults = _faults(Path(scratch), zone, today)
        known = {(Path(fault.file).name, fault.field, fault.problem) for fault in own}
        news = [fault for fault in faults if (Path(fault.file).name, fault.field, fault.problem) not in known]
        return [
            replace(
                fault,
                file=fault.file.replace(scratch, str(directory), 1),
                problem=f"{fault.problem} (once merged with {merged.reference})",
            )
            for fault in news
        ]


def _faults(directory: Path, zone: str, today: date) -> tuple[Fault, ...]:
    try:
        load_fleet(directory, zone, today=today)
    except Faults as faults:
        return faults.faults
    return ()
