"""The stacks that a change touches, from the files alone: no credential, no engine and no state.

It is an upper bound, as every run compares by itself. What a day changes (an expiry, an overlap's end) is in no file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from tenantry.engine.stack.embedded import EMBEDDED_STACKS
from tenantry.engine.stack.program_files import EMBEDDED_FOLDER, is_program
from tenantry.engine.stack.project import Project
from tenantry.maintenance.cells.site import PlacedStack, in_order
from tenantry.names import CODE, TENANTS_FOLDER
from tenantry.parsing.faults import FieldError, printable
from tenantry.parsing.regular_file import read_regular
from tenantry.reports.baseline import BaselineUnavailable, changed_since, fork_of, git
from tenantry.spec.ai_models import MODELS_FILE
from tenantry.spec.loader import parse_tenant
from tenantry.spec.plans import PLANS_FILE
from tenantry.spec.services import SERVICES_FILE
from tenantry.spec.tenant import TenantSpec

CATALOGUES: Final = (PLANS_FILE, SERVICES_FILE, MODELS_FILE)


@dataclass(frozen=True, slots=True)
class AffectedStack:
    """A stack, and the changed files by which it is touched; from the project's folder, fit to be printed."""

    stack: PlacedStack
    files: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Fit for `--format json`."""
        return {
            "stack": self.stack.name,
            "site": self.stack.site,
            "turn": self.stack.turn.value,
            "files": list(self.files),
        }


@dataclass(frozen=True, slots=True)
class _Tenant:
    """Cell and phone of a tenant's file on one side; None for a field that it does not have."""

    cell: str | None
    phone: str | None  # of a tenant that is not gone yet


def affected_stacks(project: Project, revision: str, stacks: Sequence[PlacedStack]) -> list[AffectedStack]:
    """Those of the stacks whose files differ, in the work tree, from where the branch left `revision`.

    In the order of their runs: where no canary is touched, the first cell that is takes its turn. Raises
    BaselineUnavailable without such a revision.
    """
    commit = fork_of(revision, project.root)
    prefix = git(project.root, "rev-parse", "--show-prefix").decode().strip()
    changed = sorted(name[len(prefix) :] for name in changed_since(commit, project.root) if name.startswith(prefix))
    files: dict[str, list[str]] = {}
    for path in changed:
        for stack in _touched(project, commit, path, stacks):
            files.setdefault(stack.name, []).append(printable(path))
    return [
        AffectedStack(stack, tuple(files[stack.name]))
        for stack in in_order(place for place in stacks if place.name in files)
    ]


def _touched(project: Project, commit: str, path: str, stacks: Sequence[PlacedStack]) -> Iterator[PlacedStack]:
    """Raises CommandError for a file of settings that cannot be read."""
    if is_program(path):
        yield from stacks
    elif path.startswith(f"{EMBEDDED_FOLDER}/"):
        yield from (stack for stack in stacks if EMBEDDED_STACKS.fullmatch(stack.name))
    elif path.startswith("Pulumi.") and path.endswith(".yaml"):
        name = path.removeprefix("Pulumi.").removesuffix(".yaml")
        yield from (stack for stack in stacks if name in (stack.name, stack.site))
    elif path.endswith(".yaml"):
        yield from _by_tenants(project, commit, path, stacks)


def _by_tenants(project: Project, commit: str, path: str, stacks: Sequence[PlacedStack]) -> Iterator[PlacedStack]:
    file = project.root / path
    if file.name in CATALOGUES:
        yield from (
            stack for stack in stacks if file in (stack.folder / file.name, _catalogue(project, stack, file.name))
        )
        return
    own = [stack for stack in stacks if stack.folder == file.parent]
    if not own or CODE.fullmatch(file.stem) is None:
        yield from own  # a name that is no tenant's is a fault, which the run tells
        return
    sides = (_at(commit, project.root, path), _here(file))
    cells = {side.cell for side in sides if side}
    has_other_phone = len({side.phone if side else None for side in sides}) > 1
    for stack in own:
        holds_platform = stack.name == stack.site
        is_held = None in cells or any(cell is not None and stack.holds(cell) for cell in cells)
        # The platform's buckets have a rule for each tenant's place, whichever stack holds it.
        if is_held or (holds_platform and has_other_phone):
            yield stack


def _catalogue(project: Project, stack: PlacedStack, name: str) -> Path:
    """The catalogue of a stack's tenants: its folder's own, else the project's."""
    own = stack.folder / name
    return own if own.exists() else project.root / TENANTS_FOLDER / name


def _at(commit: str, root: Path, path: str) -> _Tenant | None:
    try:
        return _tenant(path, git(root, "show", f"{commit}:./{path}"))
    except BaselineUnavailable:  # it was not there
        return None


def _here(file: Path) -> _Tenant | None:
    if not file.is_symlink() and not file.exists():
        return None
    try:
        return _tenant(file.name, read_regular(file))
    except FieldError:
        return _Tenant(None, None)


def _tenant(path: str, content: bytes) -> _Tenant:
    reading = parse_tenant(Path(PurePosixPath(path).name), content)
    if reading.value is not None:
        return _Tenant(reading.value.cell, reading.value.phone if isinstance(reading.value, TenantSpec) else None)
    cell = reading.source.valid("cell")
    return _Tenant(cell if isinstance(cell, str) else None, None)
