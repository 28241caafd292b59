"""The two trees of a rehearsal, in a temporary folder: the base as its commit has it, the request as it lies here.

Each side's program, policies and provider run from its own tree. Nothing is registered in the repository, and nothing
of it changes: a killed rehearsal leaves no work tree that git knows of.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.embedded import EMBEDDED_STACK
from tenantry.names import CODE
from tenantry.reports.baseline import git

VENV: Final = ".venv"
LOCK: Final = "uv.lock"
MACHINES_OWN: Final = (VENV, ".local")  # never of a tree, also where git does not ignore them
EMBEDDED: Final = "local"  # the folder of the embedded default's own code
MIGRATIONS: Final = Path("provider") / "migrations" / "template"


@dataclass(frozen=True, slots=True)
class Tree:
    """A checkout with a Python environment of its own name, ready to be run."""

    name: str  # base or request
    root: Path
    tenants: Path

    @property
    def python(self) -> str:
        return str(self.root / VENV / "bin" / "python")

    def digest(self, folder: Path | str) -> str:
        """Digest of the files in a folder, wherever the tree lies; empty for one that there is not."""
        return _digest(self.root / folder)

    def keep(self, codes: Collection[str]) -> None:
        """Take the files of all other tenants away."""
        for path in sorted(self.tenants.glob("*.yaml")):
            if CODE.fullmatch(path.stem) and path.stem not in codes:
                path.unlink()

    def lend(self, other: "Tree", codes: Collection[str]) -> None:
        """Write another tree's files of tenants into this one."""
        for code in codes:
            shutil.copyfile(other.tenants / f"{code}.yaml", self.tenants / f"{code}.yaml")


def base_tree(repository: Path, commit: str, place: Path, tenants: Path) -> Tree:
    """The project as the commit has it. `tenants`: the folder of its tenants, as seen from it.

    Raises BaselineUnavailable.
    """
    prefix = git(repository, "rev-parse", "--show-prefix").decode().strip()
    place.mkdir()
    own_index = {"GIT_INDEX_FILE": str(place.with_name("base-index"))}
    _git(repository, own_index, "read-tree", f"{commit}:{prefix}")
    top = Path(git(repository, "rev-parse", "--show-toplevel").decode().strip())
    _git(top, own_index, "checkout-index", "--all", "--force", f"--prefix={place}{os.sep}")
    return Tree("base", place, place / tenants)


def request_tree(repository: Path, place: Path, tenants: Path) -> Tree:
    """The project as it lies in the work tree, committed or not; what git ignores stays behind."""
    listed = git(repository, "ls-files", "--cached", "--others", "--exclude-standard", "-z").decode(
        errors="surrogateescape"
    )
    for name in dict.fromkeys(name for name in listed.split("\0") if name and Path(name).parts[0] not in MACHINES_OWN):
        source, target = repository / name, place / name
        if source.is_symlink() or source.is_file():  # not one that was removed, nor a submodule
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return Tree("request", place, place / tenants)


def give_python(base: Tree, request: Tree, own: Path, environment: Mapping[str, str]) -> str:
    """Both trees run by this program's environment where their locks are the same as `own`; says where one is not.

    Raises CommandError where an environment of its own cannot be made.
    """
    remarks: list[str] = []
    for tree in (base, request):
        if (tree.root / VENV).is_symlink() or (tree.root / VENV).exists():
            raise CommandError(f"the {tree.name} has {VENV} in git", "take it out: it is made by `make`")
        if _digest(tree.root / LOCK) == _digest(own / LOCK):
            (tree.root / VENV).symlink_to(Path(sys.prefix))
            continue
        remarks.append(f"{tree.name}: other packages ({LOCK} differs), installed for it")
        done = subprocess.run(
            ["make", f"{VENV}/.synced", f"PYTHON={sys.executable}"],
            cwd=tree.root,
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise CommandError(
                f"the packages of the {tree.name} cannot be installed:\n{said}", f"see `uv sync` with its {LOCK}"
            )
    return "; ".join(remarks)


def settle(tree: Tree, zone: str) -> None:
    """Give the embedded stack the tenants' folder and the zone of the stack whose tenants are rehearsed."""
    file = tree.root / f"Pulumi.{EMBEDDED_STACK}.yaml"
    document: Any = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    settings = cast("dict[str, Any]", document if isinstance(document, dict) else {})
    config = cast("dict[str, Any]", settings.setdefault("config", {}))
    config |= {"tenantry:tenants": str(tree.tenants.relative_to(tree.root)), "tenantry:zone": zone}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _git(folder: Path, more: Mapping[str, str], *arguments: str) -> None:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, check=False, env=os.environ | more
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise CommandError(
            f"git {arguments[0]} failed: {said}", "see whether the clone is whole, and the disk not full"
        )


def _digest(path: Path) -> str:
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file() and not {"__pycache__", "testdata"} & {*file.parts}:
            digest.update(f"{file.relative_to(path)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest() if path.is_dir() else ""
