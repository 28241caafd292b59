"""The commits of the main branch, one for each merge, and those that `tenantry purge` has made by itself."""

import os
from pathlib import Path
from typing import Final

from tenantry.changes.tenant_folders import tenant_folders
from tenantry.engine.errors import CommandError
from tenantry.names import CODE
from tenantry.reports.baseline import BaselineUnavailable, git
from tenantry.spec.loader import parse_tenant
from tenantry.spec.tenant import TenantSpec, Tombstone

_PLAIN_FILE: Final = "100644"
_WITH_ONE_PARENT: Final = 2  # the commit and its parent
_OF_ONE_FILE: Final = 3  # the change, the path, and nothing after the last separator


def main_commits(directory: Path) -> list[str]:
    """HEAD and what it stands on by first parents, newest first, as far as this clone has it. Raises CommandError."""
    return _lines(directory, "rev-list", "--first-parent", "HEAD")


def is_shallow(directory: Path) -> bool:
    return _lines(directory, "rev-parse", "--is-shallow-repository") == ["true"]


def full_name(directory: Path, revision: str) -> str:
    """The id of a commit. Raises CommandError when there is none of that name."""
    if revision.startswith("-"):
        raise CommandError(f"{revision} is no revision", "name a commit")
    return _lines(directory, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")[0]


def is_of_purge(directory: Path, commit: str) -> bool:
    """Tells whether a commit is one that `tenantry purge --commit` makes: one step of one tenant's removal.

    The nightly purge pushes such commits without a request (docs/life.md). Neither author nor time of a commit prove
    anything, so what counts is the change itself: one parent, one file, its own message, and in the file the very step
    of the removal, everything else as it was.
    """
    listed = _lines(directory, "rev-list", "--parents", "--max-count=1", commit)
    if len(listed) != _WITH_ONE_PARENT:
        return False
    changed = _git(directory, "diff-tree", "-r", "-z", "--no-renames", "--no-commit-id", commit).split(b"\0")
    if len(changed) != _OF_ONE_FILE:
        return False
    before_mode, after_mode, *blobs, kind = changed[0].decode().lstrip(":").split()
    top = Path(os.fsdecode(_git(directory, "rev-parse", "--show-toplevel")).rstrip("\n"))
    code = _code(os.fsdecode(changed[1]), tenant_folders(directory, top))
    if code is None or kind != "M" or before_mode != _PLAIN_FILE or after_mode != _PLAIN_FILE:
        return False
    before, after = (
        parse_tenant(Path(f"{code}.yaml"), _git(directory, "cat-file", "blob", blob)).value for blob in blobs
    )
    message = _git(directory, "show", "--no-patch", "--format=%B", commit).decode(errors="replace").strip()
    return message == _message_of_step(code, before, after)


def _code(path: str, folders: frozenset[str]) -> str | None:
    """The code of a tenant's file in one of the tenants' folders."""
    above, _, name = path.rpartition("/")
    code = name.removesuffix(".yaml")
    return code if above in folders and name.endswith(".yaml") and CODE.fullmatch(code) else None


def _message_of_step(code: str, before: TenantSpec | Tombstone | None, after: TenantSpec | Tombstone | None) -> str:
    """The commit message of a removal's step (tenantry/purge/steps.py); empty for any other change."""
    if isinstance(before, TenantSpec) and isinstance(after, TenantSpec):
        step = before.model_copy(update={"status": "purged", "proof": after.proof})
        is_step = before.status == "deleted" and bool(after.proof) and after.model_dump() == step.model_dump()
        return f"{code}: purged, proved by {after.proof}" if is_step else ""
    if isinstance(before, TenantSpec) and isinstance(after, Tombstone):
        kept = ("code", "status", "proof", "name", "phone", "cell", "deleted_at")
        is_step = before.status == "purged" and all(getattr(before, name) == getattr(after, name) for name in kept)
        return f"{code}: tombstone" if is_step else ""
    if isinstance(before, Tombstone) and isinstance(after, Tombstone):
        bare = before.model_copy(update={"name": None, "phone": None})
        is_step = not before.is_bare and after.model_dump() == bare.model_dump()
        return f"{code}: gone" if is_step else ""
    return ""


def _lines(directory: Path, *arguments: str) -> list[str]:
    return _git(directory, *arguments).decode().split()


def _git(directory: Path, *arguments: str) -> bytes:
    try:
        return git(directory, *arguments)
    except BaselineUnavailable as reason:
        raise CommandError(str(reason), "") from None
