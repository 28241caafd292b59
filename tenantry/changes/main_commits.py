"""The commits of the main branch, one for each merge, and those that `tenantry purge` has written by itself."""

import os
from pathlib import Path

from tenantry.changes.tenant_folders import tenant_folders
from tenantry.engine.errors import CommandError
from tenantry.names import CODE
from tenantry.reports.baseline import BaselineUnavailable, git
from tenantry.spec.loader import parse_tenant


def main_commits(directory: Path) -> list[str]:
    """HEAD and what it stands on by first parents, newest first, as far as this clone has it. Raises CommandError."""
    return _lines(directory, "rev-list", "--first-parent", "HEAD")


def is_shallow(directory: Path) -> bool:
    return _lines(directory, "rev-parse", "--is-shallow-repository") == ["true"]


def full_name(directory: Path, revision: str) -> str:
    """The id of a commit. Raises CommandError when there is none of that name."""
    if revision.startswith("-"):
        raise CommandError(f"{revision} is no revision", "name a commit of main, or `auto`")
    return _lines(directory, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")[0]


def is_of_purge(directory: Path, commit: str) -> bool:
    """Tells whether a commit changes nothing but files of tenants that are purged after it.

    The nightly purge pushes such commits without a request (docs/life.md). They approve nothing: what is still to be
    removed for them the purge's own run removes.
    """
    listed = _git(directory, "diff-tree", "-r", "-z", "--name-only", "--no-renames", f"{commit}^1", commit)
    paths = [os.fsdecode(path) for path in listed.split(b"\0") if path]
    top = Path(os.fsdecode(_git(directory, "rev-parse", "--show-toplevel")).rstrip("\n"))
    folders = tenant_folders(directory, top)
    return bool(paths) and all(_is_purged(directory, commit, path, folders) for path in paths)


def _is_purged(directory: Path, commit: str, path: str, folders: frozenset[str]) -> bool:
    above, _, name = path.rpartition("/")
    if above not in folders or not name.endswith(".yaml") or not CODE.fullmatch(name.removesuffix(".yaml")):
        return False
    entry = _git(directory, "ls-tree", "--full-tree", commit, "--", path).split()
    if not entry or entry[0] != b"100644":
        return False
    spec = parse_tenant(Path(name), _git(directory, "cat-file", "blob", entry[2].decode())).value
    return spec is not None and spec.status == "purged"


def _lines(directory: Path, *arguments: str) -> list[str]:
    return _git(directory, *arguments).decode().split()


def _git(directory: Path, *arguments: str) -> bytes:
    try:
        return git(directory, *arguments)
    except BaselineUnavailable as reason:
        raise CommandError(str(reason), "") from None
