"""The tenants' files of all branches that this clone knows of: codes and phones that others are about to take."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tenantry.names import CODE
from tenantry.spec.loader import parse_tenant

_FETCH_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class BranchFile:
    """A tenant's file as one branch has it."""

    branch: str  # as git shows it: origin/add-k023
    name: str
    blob: str  # git's id of the content


def fetch(directory: Path, remote: str = "origin") -> str | None:
    """Ask the remote for its branches; says why that was not possible. Never asks a person for a password."""
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), "fetch", "--quiet", "--no-tags", remote],
            capture_output=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # without a terminal, so that ssh asks nothing either
            timeout=_FETCH_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"it did not answer within {_FETCH_SECONDS:.0f} s"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return (said[-1] if said else f"git ended with {done.returncode}") if done.returncode else None


def is_repository(directory: Path) -> bool:
    return _git(directory, "rev-parse", "--is-inside-work-tree") is not None


def has_remote(directory: Path, remote: str = "origin") -> bool:
    return _git(directory, "remote", "get-url", remote) is not None


def branch_files(directory: Path, remote: str = "origin") -> list[BranchFile]:
    """Tenants' files of remote and local branches, each content of a name once; empty without a repository."""
    prefix = _git(directory, "rev-parse", "--show-prefix")
    if prefix is None:
        return []
    refs = _git(directory, "for-each-ref", "--format=%(refname:short)", f"refs/remotes/{remote}", "refs/heads") or ""
    seen: set[str] = set()
    files: dict[tuple[str, str], BranchFile] = {}
    for branch, tree in _trees(directory, refs.split(), prefix.strip()):
        if tree in seen:
            continue
        seen.add(tree)
        for line in (_git(directory, "ls-tree", "--full-tree", tree) or "").splitlines():
            kind, _, name = line.partition("\t")
            if name.endswith(".yaml") and CODE.fullmatch(name.removesuffix(".yaml")):
                blob = kind.split()[2]
                files.setdefault((name, blob), BranchFile(branch, name, blob))
    return list(files.values())


def phone_of(directory: Path, file: BranchFile) -> str | None:
    """The contact phone that the file says; None where it says none."""
    shown = subprocess.run(
        ["git", "-C", str(directory), "cat-file", "blob", file.blob], capture_output=True, check=False
    )
    phone = parse_tenant(Path(file.name), shown.stdout).source.valid("phone")
    return phone if isinstance(phone, str) else None


def _trees(directory: Path, branches: Iterable[str], prefix: str) -> Iterator[tuple[str, str]]:
    """The id of the folder in each branch that has it: one process for all of them."""
    names = list(branches)
    asked = "".join(f"{branch}:{prefix}\n" for branch in names)
    done = subprocess.run(
        ["git", "-C", str(directory), "cat-file", "--batch-check=%(objecttype) %(objectname)"],
        input=asked.encode(),
        capture_output=True,
        check=False,
    )
    for branch, line in zip(names, done.stdout.decode().splitlines(), strict=False):
        kind, _, identity = line.partition(" ")
        if kind == "tree":
            yield branch, identity


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.decode() if done.returncode == 0 else None
