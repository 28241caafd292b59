"""The tenants' files of a git reference beside those of the work tree, and what merging the two gives.

A request is judged by what the target branch will hold after it: a branch that lacks the newest commits of its target
has removed nothing, and two requests that each take the next code are both right until one of them is merged.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tenantry.parsing.faults import Fault, FieldError
from tenantry.parsing.regular_file import LARGEST, read_regular
from tenantry.reports.baseline import BaselineUnavailable, git, members

Files = Mapping[str, bytes]  # the contents by name


@dataclass(frozen=True, slots=True)
class Merge:
    """The tenants' folder at the reference, and after a merge."""

    reference: str
    commit: str
    base: Files
    result: Files
    is_merged: bool  # the result is not what lies in the work tree: the reference has moved on
    conflicts: tuple[str, ...]  # names of files that both sides changed, so that git would ask a person
    new_on_both_sides: frozenset[str]  # those of them that neither had where they parted


def merge(reference: str, directory: Path) -> Merge:
    """The work tree, committed or not, merged into `reference`. Writes nothing outside a temporary folder.

    In a checkout of the merge result itself (`merge_group`, the merge commit of a pull request) the reference is an
    ancestor of HEAD, and the result is the work tree. Raises BaselineUnavailable.
    """
    commit = _commit(reference, directory)
    fork = _merge_base(reference, commit, directory)
    base, ours = _files_at(commit, directory), _files_of(directory)
    ancestor = base if fork == commit else _files_at(fork, directory)
    for name in {*base, *ancestor} - ours.keys():
        if os.path.lexists(directory / name):  # a link or a directory, which the check of the work tree refuses
            ours[name] = base[name] if name in base else ancestor[name]
    result = dict(ours)
    conflicts: list[str] = []
    for name in sorted({*base, *ancestor}):
        theirs, own, before = base.get(name), ours.get(name), ancestor.get(name)
        if theirs in (before, own):
            continue
        merged = theirs if own == before else _merge_text(own, before, theirs)
        if merged is not None:
            result[name] = merged
        elif own == before:
            result.pop(name, None)
        else:
            conflicts.append(name)
    new_both = frozenset(name for name in conflicts if name not in ancestor)
    return Merge(reference, commit, base, result, result != ours, tuple(conflicts), new_both)


def names_at(reference: str, directory: Path) -> frozenset[str]:
    """The names of the folder's files at a reference. Raises BaselineUnavailable."""
    listed = git(directory, "ls-tree", "-z", "--name-only", _commit(reference, directory), "./")
    return frozenset(os.fsdecode(name).rpartition("/")[2] for name in listed.split(b"\0") if name)


def conflict_faults(merge: Merge, directory: Path) -> Iterator[Fault]:
    """Conflicts of a merge: the same lines, or the same new code."""
    for name in merge.conflicts:
        if name in merge.new_on_both_sides:
            problem = f"{merge.reference} has another tenant's file of this name by now"
            remedy = "give this tenant the next free code, which `tenantry new` finds"
        else:
            problem = f"was changed in {merge.reference} too"
            remedy = f"run `git merge {merge.reference}` and settle it"
        yield Fault(str(directory / name), 1, "file", problem, remedy)


def _commit(reference: str, directory: Path) -> str:
    if reference.startswith("-"):
        raise BaselineUnavailable(f"{reference} is no revision: name a commit, tag or branch")
    return git(directory, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}").decode().strip()


def _merge_base(reference: str, commit: str, directory: Path) -> str:
    """The commit at which HEAD left the reference."""
    asked = ["git", "-C", str(directory), "merge-base", commit, "HEAD"]
    done = subprocess.run(asked, capture_output=True, check=False)
    if done.returncode:
        raise BaselineUnavailable(
            f"HEAD and {reference} have no commit in common here: fetch more of both with `git fetch --unshallow` "
            "(in a workflow: `fetch-depth: 0` of actions/checkout)"
        )
    return done.stdout.decode().strip()


def _files_at(commit: str, directory: Path) -> dict[str, bytes]:
    """Empty where the folder did not exist yet."""
    prefix = git(directory, "rev-parse", "--show-prefix").decode().strip()
    known = ["git", "-C", str(directory), "cat-file", "-e", f"{commit}:{prefix}"]
    if subprocess.run(known, capture_output=True, check=False).returncode:
        return {}
    return {
        name: content
        for name, content in members(commit, directory)
        if name.endswith(".yaml") and content is not None and len(content) <= LARGEST
    }


def _files_of(directory: Path) -> dict[str, bytes]:
    """The YAML files; what is no regular file of a sensible size is left to the check of the work tree."""
    files: dict[str, bytes] = {}
    for entry in os.scandir(directory):
        if entry.name.endswith(".yaml"):
            try:
                files[entry.name] = read_regular(directory / entry.name)
            except FieldError:
                continue
    return files


def _merge_text(own: bytes | None, before: bytes | None, theirs: bytes | None) -> bytes | None:
    """The text with both changes; None where they concern the same lines, or one side has no such file."""
    if own is None or before is None or theirs is None:
        return None
    with tempfile.TemporaryDirectory(prefix="tenantry-") as scratch:
        sides = [Path(scratch, name) for name in ("mine", "before", "theirs")]
        for path, content in zip(sides, (own, before, theirs), strict=True):
            path.write_bytes(content)
        done = subprocess.run(["git", "merge-file", "-p", *map(str, sides)], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None
