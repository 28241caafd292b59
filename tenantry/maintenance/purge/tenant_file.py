"""The two changes of a tenant's file, each whole or not at all, and read again before it counts."""

import os
import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.engine.errors import CommandError
from tenantry.parsing.faults import printable
from tenantry.parsing.yaml_writer import dump, edit, new_document, put_after, to_node
from tenantry.spec.loader import read_tenant
from tenantry.spec.tenant import TenantSpec, Tombstone

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

DRAFT: Final = ".tenantry~"  # an ending that the directory's check leaves alone, as it does editors' copies
BY_HAND: Final = "correct the file by hand, run `tenantry validate`, then go on"


def write_purged(path: Path, proof: str) -> None:
    """`status: deleted` becomes `purged` with the proof; nothing else that the file says changes."""
    before = _spec(path)
    if before.status != "deleted":
        raise CommandError(
            f"{path.name}: its status is {before.status}, not deleted", "only a deleted tenant is purged"
        )

    def purged(document: "CommentedMap") -> None:
        document["status"] = "purged"
        put_after(document, "status", "proof", to_node(proof))

    changed = edit(path.read_bytes().decode(), purged)  # read_text would turn the line ends of Windows into others
    _replace(path, changed, before.model_copy(update={"status": "purged", "proof": proof}))


def write_tombstone(path: Path) -> None:
    """Keeps the fields by which the code is never used again; the phone too, as long as its prefixes are being
    emptied.
    """
    spec = _spec(path)
    if spec.proof is None:
        raise CommandError(f"{path.name}: has no proof", "let `tenantry purge` write it")
    tombstone = Tombstone(
        code=spec.code,
        status="purged",
        proof=spec.proof,
        name=spec.name,
        phone=spec.phone,
        cell=spec.cell,
        deleted_at=spec.deleted_at,
    )
    _replace(path, tombstone_text(tombstone), tombstone)


def anonymize_tombstone(path: Path) -> None:
    """Name and phone go: with them nothing personal is left, and the number may open another tenant."""
    tombstone = read_tenant(path).value
    if not isinstance(tombstone, Tombstone):
        raise CommandError(f"{path.name}: is no tombstone", "run `tenantry validate`")
    bare = tombstone.model_copy(update={"name": None, "phone": None})
    _replace(path, tombstone_text(bare), bare)


def tombstone_text(tombstone: Tombstone) -> str:
    fields = {
        "code": tombstone.code,
        "name": tombstone.name,
        "phone": tombstone.phone,
        "status": tombstone.status,
        "cell": tombstone.cell,
        "deleted_at": tombstone.deleted_at,
        "proof": tombstone.proof,
    }
    return dump(new_document({key: value for key, value in fields.items() if value is not None}, {}))


def commit(root: Path, path: Path, message: str) -> None:
    """Commits that file alone. Raises CommandError with git's own first line."""
    for command in (("add", "--", str(path)), ("commit", "--quiet", "-m", message, "--", str(path))):
        done = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise CommandError(
                f"{path.name} is written, but git {command[0]} failed: {said[0] if said else done.returncode}",
                "commit it by hand, then go on",
            )


def _spec(path: Path) -> TenantSpec:
    reading = read_tenant(path)
    if not isinstance(reading.value, TenantSpec):
        raise CommandError(f"{path.name}: is no tenant's file", "run `tenantry validate`")
    return reading.value


def _replace(path: Path, text: str, wanted: TenantSpec | Tombstone) -> None:
    """On the disk before it takes the file's place: a crash leaves the old one or the new one.

    The draft is a file of its own, whatever lies there: no editor's, no other run's, and nothing behind a link. It
    holds a tenant's data, so that of a run that was killed goes first.
    """
    for left in path.parent.glob(f".{path.name}.*{DRAFT}"):
        left.unlink(missing_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}{DRAFT}")
    try:
        with draft.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        reread = read_tenant(draft)
        if reread.value is None or not _same(reread.value, wanted):
            faults = [
                printable(f"line {fault.line} would be wrong: {fault.field} {fault.problem}") for fault in reread.faults
            ]
            reason = faults[0] if faults else "it would say something else"
            raise CommandError(f"{path.name} could not be changed: {reason}", BY_HAND)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _same(actual: TenantSpec | Tombstone, wanted: TenantSpec | Tombstone) -> bool:
    return actual.model_dump(exclude_defaults=True) == wanted.model_dump(exclude_defaults=True)
