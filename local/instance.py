"""One instance of the embedded default: its folder, its ports, its generated secrets.

The folder is `$TENANTRY_LOCAL`, else `.local` beside Pulumi.yaml; nobody but its owner can enter it.
"""

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local.paths import ROOT

PORTS = ("postgresql", "kubernetes", "etcd", "etcd-peer", "alibaba")
ACCOUNT_ID = "1234567890123456"


@dataclass(frozen=True)
class Instance:
    """Paths, ports and secrets of the instance in `folder`."""

    folder: Path

    @classmethod
    def here(cls) -> "Instance":
        """The instance of this work tree or of `$TENANTRY_LOCAL`; makes its folder (mode 0700)."""
        instance = cls(Path(os.environ.get("TENANTRY_LOCAL") or ROOT / ".local").absolute())
        instance.folder.mkdir(parents=True, exist_ok=True)
        instance.folder.chmod(0o700)
        for name in ("log", "run", "state", "bin"):
            (instance.folder / name).mkdir(exist_ok=True)
        return instance

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One start or stop at a time."""
        with (self.folder / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Passwords and keys of the embedded services, made once, readable by the owner alone."""
        made = {
            "postgresql": secrets.token_urlsafe(24),
            "alibaba_access_key": "LTAI5t" + secrets.token_hex(9),
            "alibaba_secret_key": secrets.token_urlsafe(24),
        }
        return _remember(self.folder / "secrets.json", made)

    def ports(self, running: bool) -> dict[str, int]:
        """The remembered ports; with `running` false, one that somebody else took meanwhile is chosen anew."""
        path = self.folder / "ports.json"
        known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        for name in PORTS:
            if name not in known or (not running and not _is_free(known[name])):
                if name in known:
                    print(f"port {known[name]} of {name} is taken: choosing another")
                known[name] = _free_port(set(known.values()))
        write_whole(path, json.dumps(known, indent=1))
        return known


def _remember(path: Path, made: dict[str, str]) -> dict[str, str]:
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if missing := made.keys() - known.keys():
        known |= {name: made[name] for name in missing}
        write_whole(path, json.dumps(known))
    return known


def write_whole(path: Path, text: str) -> None:
    """Writes a file that nobody ever sees half written, readable by its owner alone."""
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_text(text)
    scratch.chmod(0o600)
    scratch.rename(path)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port(taken: set[int]) -> int:
    """A free port below the range that the kernel hands out for outgoing connections: none of those takes it."""
    while True:
        port = 15000 + secrets.randbelow(15000)
        if port not in taken and _is_free(port):
            return port
