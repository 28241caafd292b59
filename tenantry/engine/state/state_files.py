"""The files of a self-managed state on disk (`file://`): found, read, and repaired when a crash tore one.

The engine replaces a state file by renaming, but never syncs it, so a power cut can leave it torn; its `.attrs`
beside it is written in place, so a kill in the wrong millisecond empties that one, and then no command can read the
state any more.
"""

import gzip
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenantry.engine.errors import CommandError
from tenantry.engine.process.lock_files import Lock, parse

SCHEME = "file://"
# What may stand between a stack's name and the ending: no stack's name goes on like this, `prod.eu` is another one.
_VERSIONS = (3, 4)  # of the layout that is read here; what the engine says of any other counts
_VARIANTS = r"\.json(?:\.(?:gz|zst|bak|[0-9a-f]+))*"


@dataclass(frozen=True, slots=True)
class FileState:
    """A stack's files below one `file://` address."""

    folder: Path  # with .pulumi/ in it
    project: str
    stack: str

    @classmethod
    def at(cls, url: str, project: str, stack: str, root: Path) -> "FileState | None":
        """The files of the stack, or None for any other kind of state. Relative addresses count from `root`."""
        if not url.startswith(SCHEME):
            return None
        path = Path(url.removeprefix(SCHEME).partition("?")[0] or "/").expanduser()
        return cls(root / path, project, stack)

    @property
    def path(self) -> Path | None:
        """The state file, plain or compressed; None before the stack is made. Raises CommandError: unreadable."""
        base = self.folder / ".pulumi" / "stacks" / self.project / f"{self.stack}.json"
        candidates = (base, *(base.with_name(base.name + end) for end in (".gz", ".zst")))
        try:
            existing = [candidate for candidate in candidates if candidate.exists()]
            return max(existing, key=lambda candidate: candidate.stat().st_mtime, default=None)
        except OSError as error:
            raise _unreadable(base, error) from error

    def locks(self) -> Iterator[tuple[Path, Lock | None]]:
        """Lock files with what they say; None for a torn one."""
        folder = self.folder / ".pulumi" / "locks" / "organization" / self.project / self.stack
        for path in sorted(folder.glob("*.json")):
            try:
                yield path, parse(path.read_text(encoding="utf-8", errors="replace"), path)
            except FileNotFoundError:  # released meanwhile
                continue

    def document(self) -> dict[str, Any] | None:
        """The last deployment, `{}` for a stack without one, None for a file that the engine alone can read."""
        path = self.path
        if path is None:
            return {}
        if path.suffix == ".zst":
            return None
        if not _is_whole(path):
            raise CommandError(f"the state file {path} is torn", "`tenantry up` restores it from its backup")
        document = _read(path)
        return document["checkpoint"].get("latest") or {} if document.get("version") in _VERSIONS else None

    def repair(self) -> list[str]:
        """Makes torn files readable again; says what was done. Call it only when no engine runs on the stack."""
        done = [f"removed {path.name}, which a crash had torn" for path in self._repair_attributes()]
        path = self.path
        if path is None or path.suffix == ".zst" or _is_whole(path):
            return done
        backup = path.with_name(path.name + ".bak")
        if not backup.exists() or not _is_whole(backup):
            raise CommandError(
                f"the state file {path} is torn, and {backup.name} does not help",
                f"restore the newest whole file of {self.folder / '.pulumi' / 'backups'} over it",
            )
        torn = path.with_name(f"{path.name}.torn-{time.time_ns()}")
        path.rename(torn)
        _replace(path, backup.read_bytes())
        return [
            *done,
            f"the state file was torn: restored from {backup.name} (one step earlier); kept as {torn.name}",
        ]

    def sweep(self) -> None:
        """Removes what writes of a killed engine left half-written. Call it only when no engine runs on the stack."""
        for path in self._own(".tmp"):
            path.unlink(missing_ok=True)

    def _own(self, ending: str) -> list[Path]:
        """The stack's files that end so: those of other stacks may be written at this moment, by engines of theirs."""
        root = self.folder / ".pulumi"
        name = re.compile(re.escape(self.stack) + _VARIANTS + re.escape(ending))
        beside = [path for path in (root / "stacks" / self.project).glob(f"*{ending}") if name.fullmatch(path.name)]
        folders = [root / kind / self.project / self.stack for kind in ("backups", "history", "locks/organization")]
        return sorted(beside + [path for folder in folders for path in folder.glob(f"*{ending}")])

    def _repair_attributes(self) -> Iterator[Path]:
        every = self.folder / ".pulumi" / "meta.yaml.attrs"  # the whole state's, written once: torn, it stops everybody
        for path in [*self._own(".attrs"), *([every] if every.exists() else [])]:
            if _remove_torn(path):
                yield path


def remove_torn_attributes(path: Path) -> None:
    """Removes the attributes of a file where they are torn; also while an engine runs."""
    attributes = path.with_name(path.name + ".attrs")
    if attributes.exists():
        _remove_torn(attributes)


def _remove_torn(attributes: Path) -> bool:
    with attributes.open("rb") as handle:
        is_torn = handle.read(1) != b"{"  # it is written in one piece: whole or empty
    if is_torn:
        attributes.unlink()  # a missing one is nothing to the engine, a torn one stops it
    return is_torn


def remove_lock(path: Path) -> None:
    """Breaks a lock."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".attrs").unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    """Raises CommandError for a file that cannot be read, which is not for that torn; what a torn one raises too."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" or ".gz." in path.name else content)


def _is_whole(path: Path) -> bool:
    try:
        return isinstance(_read(path)["checkpoint"], dict)
    except (ValueError, KeyError, TypeError, OSError, EOFError):
        return False


def _unreadable(path: Path, error: OSError) -> CommandError:
    return CommandError(
        f"the state file {path} cannot be read: {error.strerror or error}",
        "see the state's address, who may read it, and the disk; nothing was changed",
    )


def _replace(path: Path, content: bytes) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}.new")
    with scratch.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    scratch.rename(path)
