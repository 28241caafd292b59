"""A request's tenant files laid over the base's code: a preview with credentials never runs what a request wrote.

`python -m tenantry.changes.overlay look REQUEST` says what a request touches, `lay REQUEST` writes its tenants' files
into the work tree of the base (docs/pull-requests.md). Read are git's objects, never files that were checked out: what
is not written here stays the base's. Needs git, and the request's commit in this clone.
"""

import argparse
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from tenantry.changes.tenant_folders import tenant_folders
from tenantry.engine.errors import CommandError
from tenantry.names import CODE
from tenantry.parsing.faults import printable
from tenantry.parsing.regular_file import LARGEST
from tenantry.spec.ai_models import MODELS_FILE
from tenantry.spec.plans import PLANS_FILE
from tenantry.spec.services import SERVICES_FILE

_CATALOGUES: Final = frozenset((PLANS_FILE, SERVICES_FILE, MODELS_FILE))
_ABSENT: Final = "000000"
_REGULAR: Final = "100644"
_MODES: Final = {"100755": "is executable", "120000": "is a symbolic link", "160000": "is a submodule"}
_ENVIRONMENT: Final = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}


class Kind(StrEnum):
    """The weightiest kind of file that a request touches."""

    TENANTS = "tenants"  # tenants' files alone: the base's code may preview it
    CATALOGUES = "catalogues"  # also plans, services or models: changes many tenants, so the platform team approves
    OTHER = "other"  # anything else is code, or could become it


class Refused(Exception):
    """The reasons why nothing was laid, one line each."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One path that the request changes, as git's trees have it. Modes are octal text, `000000` for none."""

    path: str
    mode_before: str
    mode: str
    blob_before: str
    blob: str


@dataclass(frozen=True, slots=True)
class Request:
    kind: Kind
    entries: tuple[Entry, ...]
    reasons: tuple[str, ...]  # why it is not of kind TENANTS


def look(repository: Path, request: str) -> Request:
    """The kind of the changes of `request` since it left HEAD. Raises Refused where that cannot be said."""
    folders = _folders(repository)
    commit = _commit(repository, request)
    bases = _git(repository, "merge-base", "HEAD", commit).decode().split()
    if not bases:
        raise Refused(f"{request} has no commit in common with HEAD: push it from a clone of this repository")
    if commit in bases:
        raise Refused(f"HEAD has {request} already: check out the target branch, not the merge of the request")
    entries = tuple(_changed(repository, bases[0], commit))
    doubts = [(entry, _doubt(repository, entry, folders)) for entry in entries]
    reasons = tuple(f"{printable(entry.path)}: {doubt[1]}" for entry, doubt in doubts if doubt)
    kinds = {doubt[0] for _, doubt in doubts if doubt}
    kind = next((kind for kind in (Kind.OTHER, Kind.CATALOGUES) if kind in kinds), Kind.TENANTS)
    return Request(kind, entries, reasons)


def lay(repository: Path, request: str) -> list[str]:
    """Write the tenants' files that the request changes into the work tree; the paths written or removed.

    Raises Refused, before anything is written, for a request of another kind, a file that HEAD has changed too,
    and a work tree with changes of its own in the folder.
    """
    change = look(repository, request)
    if change.kind is not Kind.TENANTS:
        raise Refused("\n".join(change.reasons))
    top = _top(repository)
    for folder in sorted({entry.path.rpartition("/")[0] for entry in change.entries}):
        _require_clean(top, folder)
    contents = {entry: _content(top, entry) for entry in change.entries if not _is_there(top, entry)}
    for entry, content in contents.items():
        _write(top / entry.path, content)
    return [entry.path for entry in contents]


def _require_clean(top: Path, folder: str) -> None:
    try:
        is_folder = stat.S_ISDIR(os.lstat(top / folder).st_mode)
    except FileNotFoundError:
        is_folder = False
    if not is_folder:
        raise Refused(f"{folder} is no directory: put it back")
    if _git(top, "status", "--porcelain", "-z", "--", folder or "."):
        raise Refused(f"{folder} has changes that are not committed: commit them, or do it in another clone")


def _doubt(repository: Path, entry: Entry, folders: frozenset[str]) -> tuple[Kind, str] | None:
    """The reason why an entry is no tenant's file."""
    above, _, name = entry.path.rpartition("/")
    if above not in folders:
        return Kind.OTHER, f"does not lie in {', '.join(f'{folder}/' for folder in sorted(folders))}, and may be code"
    if name not in _CATALOGUES and not (name.endswith(".yaml") and CODE.fullmatch(name.removesuffix(".yaml"))):
        return Kind.OTHER, "is not named as a tenant's file is, CODE.yaml"
    for mode in (entry.mode_before, entry.mode):
        if mode not in (_REGULAR, _ABSENT):
            return Kind.OTHER, f"{_MODES.get(mode, 'is no regular file')}, or was"
    if entry.mode == _REGULAR and int(_git(repository, "cat-file", "-s", entry.blob)) > LARGEST:
        return Kind.OTHER, f"is larger than {LARGEST // 1024} KiB"
    if name in _CATALOGUES:
        return Kind.CATALOGUES, "changes many tenants, and needs the platform team's approval"
    return None


def _changed(repository: Path, base: str, commit: str) -> Iterator[Entry]:
    """By plumbing and without renames, so that neither settings nor similarity hide a path."""
    options = ("-r", "-z", "--raw", "--no-renames", "--ignore-submodules=none", "--no-ext-diff", "--no-textconv")
    fields = os.fsdecode(_git(repository, "diff-tree", *options, base, commit)).split("\0")
    for about, path in zip(fields[::2], fields[1::2], strict=False):
        mode_before, mode, blob_before, blob, _ = about.removeprefix(":").split(" ")
        yield Entry(path, mode_before, mode, blob_before, blob)


def _is_there(top: Path, entry: Entry) -> bool:
    """Tells whether HEAD has the request's file already. Raises Refused where HEAD has changed it in another way."""
    listed = _git(top, "ls-tree", "-z", "HEAD", "--", entry.path).decode().partition("\t")[0].split()
    now = (listed[0], listed[2]) if listed else (_ABSENT, "")
    if now == (entry.mode, entry.blob) or (not listed and entry.mode == _ABSENT):
        return True
    if now != (entry.mode_before, entry.blob_before) and (listed or entry.mode_before != _ABSENT):
        raise Refused(f"{entry.path}: was changed meanwhile, too: merge the target branch into the request")
    return False


def _content(top: Path, entry: Entry) -> bytes | None:
    return None if entry.mode == _ABSENT else _git(top, "cat-file", "blob", entry.blob)


def _write(path: Path, content: bytes | None) -> None:
    """A file of its own, never through what lies there."""
    path.unlink(missing_ok=True)
    if content is None:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _folders(repository: Path) -> frozenset[str]:
    try:
        return tenant_folders(repository, _top(repository))
    except CommandError as error:
        raise Refused(str(error)) from None


def _top(repository: Path) -> Path:
    return Path(os.fsdecode(_git(repository, "rev-parse", "--show-toplevel")).rstrip("\n"))


def _commit(repository: Path, request: str) -> str:
    try:
        named = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{request}^{{commit}}")
    except Refused:
        raise Refused(
            f"{printable(request)} is no commit of this clone: fetch it (`fetch-depth: 0` of actions/checkout fetches "
            "all branches)"
        ) from None
    return named.decode().strip()


def _git(repository: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env=os.environ | _ENVIRONMENT)
    if done.returncode and not (arguments[0] == "merge-base" and not done.stderr):
        said = printable(done.stderr.decode(errors="replace").strip())
        raise Refused(f"git {arguments[0]} failed ({said}): look whether the clone is whole")
    return done.stdout


def _told(reason: str) -> str:
    """For a job's log, whose reader takes `::` at the beginning of a line and `##[` anywhere for a command."""
    return reason.replace("##[", "##\\x5b")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tenantry.changes.overlay", description=__doc__)
    parser.add_argument("action", choices=("look", "lay"))
    parser.add_argument("request", help="the request's commit or branch")
    given = parser.parse_args(arguments)
    try:
        if given.action == "look":
            change = look(Path(), given.request)
            print(change.kind)
            for reason in change.reasons:
                print(f"the request: {_told(reason)}", file=sys.stderr)
        else:
            print(*(f"laid over: {path}" for path in lay(Path(), given.request)), sep="\n")
    except Refused as refusal:
        print(*(f"refused: {_told(reason)}" for reason in str(refusal).splitlines()), sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
