"""One instance of the embedded default: its folder, its ports, its generated secrets.

The folder is `$TENANTRY_LOCAL`, else `.local` beside Pulumi.yaml; nobody but its owner can enter it.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local.shared import ports
from local.shared.paths import ROOT

PORTS = {
    "postgresql": ("postgresql",),
    "kubernetes": ("kubernetes", "etcd", "etcd-peer"),
    "alibaba": ("alibaba",),
    "envoy-gateway": ("gateway", "gateway-http", "xds"),
    "applications": (),
}
MARK = ".tenantry"
OLDER_MARKS = ("ports.json", "built/kubelite")  # of instances from before there was a mark
ACCOUNT_ID = "1234567890123456"


@dataclass(frozen=True)
class Instance:
    """Paths, ports and secrets of the instance in `folder`."""

    folder: Path

    @classmethod
    def here(cls) -> "Instance":
        """The instance of this work tree or of `$TENANTRY_LOCAL`; makes its folder (mode 0700).

        Raises SystemExit for a folder with somebody's files in it: `clean` removes all of an instance's folder.
        """
        instance = cls(Path(os.environ.get("TENANTRY_LOCAL") or ROOT / ".local").absolute())
        instance.folder.mkdir(parents=True, exist_ok=True)
        instance._refuse_foreign()
        instance.folder.chmod(0o700)
        (instance.folder / MARK).touch()
        for name in ("log", "run", "state", "bin"):
            (instance.folder / name).mkdir(exist_ok=True)
        return instance

    def _refuse_foreign(self) -> None:
        marks = (self.folder / name for name in (MARK, *OLDER_MARKS))
        if any(self.folder.iterdir()) and not any(mark.exists() for mark in marks):
            raise SystemExit(
                f"{self.folder} has files in it and is no instance of tenantry: set TENANTRY_LOCAL to an empty folder, "
                "or to one that does not exist yet"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock of the instance: one start, stop or clean at a time.

        Raises SystemExit when the instance was removed while waiting.
        """
        path = self.folder / "lock"
        with path.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not path.exists() or path.stat().st_ino != os.fstat(handle.fileno()).st_ino:
                raise SystemExit(f"{self.folder} was removed by another command meanwhile: run this one again")
            yield

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Passwords and keys of the embedded services, made once, readable by the owner alone."""
        made = {
            "postgresql": secrets.token_urlsafe(24),
            "alibaba_access_key": "LTAI5t" + secrets.token_hex(9),
            "alibaba_secret_key": secrets.token_urlsafe(24),
            "sockets": secrets.token_hex(8),
        }
        return _remember(self.folder / "secrets.json", made)

    def ports(self, running: Collection[str] = ()) -> dict[str, int]:
        """The remembered ports; one that somebody else took while its service does not run is chosen anew."""
        path = self.folder / "ports.json"
        known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        held = {name for service in running for name in PORTS[service]}
        for name in (name for names in PORTS.values() for name in names):
            if name not in known or (name not in held and not ports.is_free(known[name])):
                if name in known:
                    print(f"port {known[name]} of {name} is taken: choosing another")
                while (port := ports.free()) in known.values():
                    pass
                known[name] = port
        write_whole(path, json.dumps(known, indent=1))
        return known


def _remember(path: Path, made: dict[str, str]) -> dict[str, str]:
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if missing := made.keys() - known.keys():
        known |= {name: made[name] for name in missing}
        write_whole(path, json.dumps(known))
    return known


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file that nobody ever sees half written, readable by its owner alone unless `mode` says otherwise."""
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_text(text)
    scratch.chmod(mode)
    scratch.rename(path)
