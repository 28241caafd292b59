"""The account of the server: PostgreSQL refuses root, so a manager that is root hands it to an account of its own.

The account is a bare number, nothing is added to /etc/passwd. It lies in a range that distributions, systemd and
container runtimes leave free (60706-61183 in systemd's table of user ids), so nobody else's files or processes are
within its reach. Only initdb insists on an account with a name: it borrows one, and its files change hands at once.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

SERVER_ID = 61111


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int

    def take(self, path: Path) -> None:
        """Give the tree to this account, without following links."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        for below in path.rglob("*"):
            os.chown(below, self.uid, self.gid, follow_symlinks=False)

    def become(self) -> None:
        """Turn this process into the account, for good."""
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)


def server_account() -> Account | None:
    """The account that runs the server; None when the manager itself, not being root, may."""
    return Account(SERVER_ID, SERVER_ID) if os.geteuid() == 0 else None


def named_account() -> Account | None:
    """An unprivileged account that has a name, for initdb; None when not root."""
    if os.geteuid() != 0:
        return None
    entries = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    entry = min(entries, key=lambda entry: entry.pw_name != "nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def data_argument(data: Path) -> str:
    """The server's name for its data directory, which is also its working directory.

    An instance directory is closed to others, and may lie below one that is (root's home): the server's account could
    not walk the path. It need not: the working directory stays open across the change of user.
    """
    return "/proc/self/cwd" if os.geteuid() == 0 else str(data)
