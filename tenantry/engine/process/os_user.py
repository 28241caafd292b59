"""The user who runs this, by the name that the engine writes into its locks."""

import os
import pwd


def own_name() -> str:
    """By the process's number, not by what a shell says: after `su`, `sudo -E` or in a container LOGNAME and USER may
    name somebody else, and then no own lock would ever be recognised.

    A number without an entry has no name but that of USER, which the engine takes then as well; without it, the number.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return os.environ.get("USER") or str(os.getuid())
