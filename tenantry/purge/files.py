"""The two changes of a tenant's file, each whole or not at all, and read again before it counts."""

import json
import os
import re
import secrets
import subprocess
from datetime import date
from pathlib import Path
from typing import Final

from tenantry.engine.refusal import Refusal
from tenantry.faults import printable
from tenantry.reading import read_tenant
from tenantry.spec import TenantSpec, Tombstone

STATUS: Final = re.compile(r"^status:[ \t]*[\"']?deleted[\"']?[ \t]*(#.*)?$", re.MULTILINE)
DRAFT: Final = ".tenantry~"  # an ending that the directory's check leaves alone, as it does editors' copies
BY_LINE: Final = "write each of its fields on a line of its own, `name: value`, and purge again"


def write_purged(path: Path, proof: str) -> None:
    """`status: deleted` becomes `purged` with the proof; nothing else of the file changes."""
    before = _spec(path)
    text = path.read_text(encoding="utf-8")
    changed, count = STATUS.subn(f"status: purged\nproof: {proof}", text)
    if count != 1:
        raise Refusal(f"{path.name}: no line `status: deleted` was found", "write it as a line of its own")
    wanted = before.model_copy(update={"status": "purged", "proof": proof})
    _replace(path, changed, wanted)


def write_tombstone(path: Path) -> None:
    """What stays so that the code is never used again; the phone too, as long as its prefixes are being emptied."""
    spec = _spec(path)
    if spec.proof is None:
        raise Refusal(f"{path.name}: has no proof", "let `tenantry purge` write it")
    stone = Tombstone(
        code=spec.code,
        status="purged",
        proof=spec.proof,
        name=spec.name,
        phone=spec.phone,
        cell=spec.cell,
        deleted_at=spec.deleted_at,
    )
    _replace(path, tombstone_text(stone), stone)


def strip_tombstone(path: Path) -> None:
    """Name and phone go: with them nothing personal is left, and the number may open another tenant."""
    stone = read_tenant(path).value
    if not isinstance(stone, Tombstone):
        raise Refusal(f"{path.name}: is no tombstone", "run `tenantry validate`")
    bare = stone.model_copy(update={"name": None, "phone": None})
    _replace(path, tombstone_text(bare), bare)


def tombstone_text(stone: Tombstone) -> str:
    """Texts as JSON writes them, which is YAML in quotes: a name may be `123`, `null` or `Sunshine: Kids`."""
    fields = {
        "code": stone.code,
        "name": _quoted(stone.name),
        "phone": _quoted(stone.phone),
        "status": stone.status,
        "cell": _quoted(stone.cell),
        "deleted_at": stone.deleted_at.isoformat() if isinstance(stone.deleted_at, date) else None,
        "proof": _quoted(stone.proof),
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items() if value is not None)


def _quoted(text: str | None) -> str | None:
    return None if text is None else json.dumps(text, ensure_ascii=False)


def commit(root: Path, path: Path, message: str) -> None:
    """That file alone. Raises Refusal with git's own first line."""
    for command in (("add", "--", str(path)), ("commit", "--quiet", "-m", message, "--", str(path))):
        done = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Refusal(
                f"{path.name} is written, but git {command[0]} failed: {said[0] if said else done.returncode}",
                "commit it by hand, then go on",
            )


def _spec(path: Path) -> TenantSpec:
    reading = read_tenant(path)
    if not isinstance(reading.value, TenantSpec):
        raise Refusal(f"{path.name}: is no tenant's file", "run `tenantry validate`")
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
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        found = read_tenant(draft)
        if found.value is None or not _same(found.value, wanted):
            faults = [printable(f"line {one.line} would be wrong: {one.field} {one.wrong}") for one in found.faults]
            told = faults[0] if faults else "it would say something else"
            raise Refusal(f"{path.name} could not be changed: {told}", BY_LINE)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _same(found: TenantSpec | Tombstone, wanted: TenantSpec | Tombstone) -> bool:
    return found.model_dump(exclude_defaults=True) == wanted.model_dump(exclude_defaults=True)
