"""The baseline of a comparison: tenants as a stack applied them last, at a revision, or in another directory."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from tenantry.engine.stack.fleet_location import FleetLocation
from tenantry.fleet.load import Fleet, load_fleet
from tenantry.model.app_settings import app_settings
from tenantry.model.infra_settings import INFRA_SETTINGS, infra_settings
from tenantry.parsing.faults import Faults, printable
from tenantry.reports.plan_diff import Document
from tenantry.spec.config_layers import SYSTEM_KEYS

ROW = "tenantry:index:TenantRow"  # the resource whose input `settings` is the document


class BaselineUnavailable(Exception):
    """There is nothing to compare with; says why, and what to do."""


def from_fleet(fleet: Fleet, cells: frozenset[str] | None = None) -> dict[str, Document]:
    """Documents of the tenants that have something running, in these cells (None: in all)."""
    return {
        tenant.code: app_settings(tenant) | {INFRA_SETTINGS: infra_settings(tenant)}
        for tenant in fleet.tenants
        if tenant.phase.has_workload and (cells is None or tenant.cell in cells)
    }


def from_resources(resources: list[dict[str, Any]]) -> dict[str, Document]:
    """From a stack's record, of the tenants whose row says that they are served."""
    documents: dict[str, Document] = {}
    for resource in resources:
        inputs = resource.get("inputs")
        if resource.get("type") == ROW and isinstance(inputs, Mapping) and inputs.get("status") != "deleted":  # pyright: ignore[reportUnknownMemberType]  (JSON)
            row = cast(Mapping[str, Any], inputs)
            settings = cast(Mapping[str, Any], row.get("settings") or {})
            documents[str(row["tenantId"])] = {key: value for key, value in settings.items() if key != "tokens"}
    return documents


def system_of(code: str, given: Mapping[str, Document]) -> dict[str, Any]:
    """The settings that the stack gives a tenant; of one that it does not serve, those of all the others."""
    document: Document = given.get(code) or next(iter(given.values()), dict[str, Any]())
    config = cast(Mapping[str, Any], document.get("config") or {})
    return {key: config.get(key) for key in SYSTEM_KEYS}


def from_revision(revision: str, now: FleetLocation) -> dict[str, Document]:
    """`revision` is one of the repository that the files of `now` lie in, or a directory."""
    if Path(revision).is_dir():
        return from_fleet(load_fleet(Path(revision), now.zone, today=now.today), now.cells)
    with tempfile.TemporaryDirectory(prefix="tenantry-") as scratch:
        extract(revision, now.directory, Path(scratch))
        try:
            return from_fleet(load_fleet(Path(scratch), now.zone, today=now.today), now.cells)
        except Faults as faults:
            lines = str(faults).replace(f"{scratch}/", f"{revision}:")
            raise BaselineUnavailable(
                f"the files of {revision} are none that this version can read:\n{lines}"
            ) from None


def extract(revision: str, directory: Path, target: Path) -> None:
    """Write the files of `directory` as they are at `revision` into `target`. Raises BaselineUnavailable."""
    for name, content in members(revision, directory):
        if content is None:
            (target / name).mkdir()
        else:
            (target / name).write_bytes(content)


def members(revision: str, directory: Path) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of each file of `directory` at `revision`, and of each directory in it None.

    Tenants' files lie side by side, so nothing but plain names is told: no link, no way out of a folder that they are
    written to. A directory is told, as the check of the files refuses it. Raises BaselineUnavailable.
    """
    if revision.startswith("-"):
        raise BaselineUnavailable(f"{revision} is no revision and no directory: name a commit, tag or branch")
    prefix = git(directory, "rev-parse", "--show-prefix").decode().strip()
    commit = git(directory, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    top = Path(git(directory, "rev-parse", "--show-toplevel").decode().strip())
    packed = git(top, "archive", "--format=tar", f"{commit}:{prefix}")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        yield from plain_members(archive, revision)


def fork_of(revision: str, directory: Path) -> str:
    """The commit where the branch left it: a branch that is behind has changed nothing of what came since."""
    if revision.startswith("-"):
        raise BaselineUnavailable(f"{revision} is no revision and no directory: name a commit, tag or branch")
    commit = git(directory, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    try:
        return git(directory, "merge-base", commit, "HEAD").decode().strip() or commit
    except BaselineUnavailable:  # a shallow clone, or histories without a common commit
        return commit


def changed_since(commit: str, directory: Path) -> list[str]:
    """Paths, from the repository's top, of all that differs from a commit in the work tree, committed or not."""
    top = Path(git(directory, "rev-parse", "--show-toplevel").decode().strip())
    changed = git(top, "diff", "--name-only", "--no-renames", "-z", commit, "--").decode(errors="surrogateescape")
    added = git(top, "ls-files", "--others", "--exclude-standard", "-z").decode(errors="surrogateescape")
    return [name for name in (*changed.split("\0"), *added.split("\0")) if name]


def plain_members(archive: tarfile.TarFile, revision: str) -> Iterator[tuple[str, bytes | None]]:
    """The members of an archive that lie in its folder itself: a directory has no content."""
    for member in archive:
        name = member.name
        if "/" in name or name in ("", ".", ".."):
            continue  # below a directory
        if member.isdir():
            yield name, None
        elif member.isreg() and (content := archive.extractfile(member)) is not None:
            yield name, content.read()
        elif name.endswith(".yaml"):
            raise BaselineUnavailable(
                f"{revision}:{name} is no regular file: name a revision in which it is one, or a directory"
            )


def git(directory: Path, *arguments: str) -> bytes:
    """The output of a git command. Raises BaselineUnavailable with a remedy when it fails."""
    try:
        done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise BaselineUnavailable("git is not on PATH: install it, or name a directory to compare with") from None
    if done.returncode and arguments[0] == "rev-parse" and _is_shallow(directory):
        raise BaselineUnavailable(
            "this clone is shallow, and does not hold that revision: fetch more of it with `git fetch --unshallow` "
            "(in a workflow: `fetch-depth: 0` of actions/checkout), or name a directory to compare with"
        )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = f" ({said[-1]})" if said else ""
        problem = f"`git {arguments[0]}` found nothing of that name"
        if "--verify" in arguments:
            problem = f"{printable(arguments[-1].removesuffix('^{commit}')) or 'an empty text'} is no revision here"
        raise BaselineUnavailable(f"{problem}{why}: name a commit, tag, branch or directory")
    return done.stdout


def _is_shallow(directory: Path) -> bool:
    """Cut off at some commit, as workflows clone: what lies before it, and other branches, are not there."""
    asked = ["git", "-C", str(directory), "rev-parse", "--is-shallow-repository"]
    return subprocess.run(asked, capture_output=True, check=False).stdout.strip() == b"true"
