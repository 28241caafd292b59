"""The gravity of a line that our own provider's resources tell as their `drift`
(provider/resources/database/clone_rights.py)."""

import re
from typing import Final

from tenantry.inspection.drift.model import Gravity

_LINES: Final = (
    (r"it takes -?\d+ connections instead of \d+|nobody limits the temporary files of the logins", Gravity.LIMIT),
    (r"it takes no connections|it is a template", Gravity.ACCESS),
    (
        r"\S+ may not connect|the provisioner may not act as .*|.* has another password than it was given",
        Gravity.ACCESS,
    ),
    (r"table .* hides rows from its owner", Gravity.DATA),
    (r".* keeps [A-Z, ]+ from its owner", Gravity.ACCESS),
    (r"a session of .* runs in it|\d+ sessions run", Gravity.ACCESS),
)
_SETTINGS: Final = re.compile(
    r"\S+ lacks its setting (?P<lacking>.*)|\S+ has a setting (?P<more>.*)|.* has settings of its own: (?P<own>.*)"
)
_LIMITS: Final = frozenset(
    {
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "transaction_timeout",
        "lock_timeout",
        "temp_file_limit",
        "work_mem",
        "maintenance_work_mem",
    }
)


def gravity_of_line(line: str) -> Gravity:
    """Rights that somebody has, owners, databases that are open, and whatever is not known: broken isolation.

    A setting that is none of a limit counts as access: as whom a login acts, and which objects a name means to it.
    """
    if (settings := _SETTINGS.fullmatch(line)) is not None:
        names = next(group for group in settings.groups() if group is not None).split(", ")
        return Gravity.LIMIT if _LIMITS.issuperset(names) else Gravity.ACCESS
    return next((gravity for pattern, gravity in _LINES if re.fullmatch(pattern, line)), Gravity.ISOLATION)
