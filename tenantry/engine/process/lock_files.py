"""The engine's lock files of a self-managed state: what they say.

`pulumi` writes `.pulumi/locks/organization/PROJECT/STACK/UUID.json` with pid, user, host and time, and removes it
at the end; kill -9 leaves it for ever. What proves that a lock's engine is dead stands in starts.py.
"""

import json
import re
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tenantry.engine.process.os_user import own_name

_IN_REFUSAL = re.compile(r"created by (?P<user>.*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>[0-9T:.Z+-]+)")


@dataclass(frozen=True, slots=True)
class Lock:
    """One engine's claim on a stack."""

    pid: int
    user: str
    host: str
    since: datetime
    path: Path | None = None

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.pid}) since {self.since.astimezone():%Y-%m-%d %H:%M:%S %Z}"

    @property
    def is_own(self) -> bool:
        """Tells whether it bears the names of this user and this host: another container may have the same."""
        return self.host == socket.gethostname() and self.user == own_name()


def parse(text: str, path: Path | None = None) -> Lock | None:
    """The lock in a lock file; None when the file is torn."""
    try:
        fields: dict[str, Any] = json.loads(text)
        return Lock(
            pid=int(fields["pid"]),
            user=str(fields["username"]),
            host=str(fields["hostname"]),
            since=datetime.fromisoformat(fields["timestamp"]),
            path=path,
        )
    except (ValueError, KeyError, TypeError):
        return None


def parse_refusal(message: str) -> list[Lock]:
    """The locks that the engine names when it refuses to start (any self-managed state, not only files)."""
    return [
        Lock(int(match["pid"]), match["user"], match["host"], datetime.fromisoformat(match["at"]))
        for match in _IN_REFUSAL.finditer(message)
    ]


def is_refusal(message: str) -> bool:
    """Tells whether the engine gave up because of a lock."""
    return "the stack is currently locked by" in message
