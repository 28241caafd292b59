"""The limit on temporary files of a tenant's session (sorts, hashes, cursors) on the server's disk.

`temp_file_limit` is a setting that only a superuser changes, for itself and for a role, or who was granted it: a login
is given it, and cannot take it back. A provisioner that may not give it leaves the limit to the server's own parameter.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from provider.errors import ResourceFailure
from provider.resources.base import Inputs

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

SETTING: Final = "temp_file_limit"
LIMIT: Final = "tempFileLimit"
# Asked of the server by doing it: some managed servers allow it to roles of their own making.
TRY: Final = "SET LOCAL temp_file_limit = 1024"
SERVERS: Final = "SELECT setting::bigint, quote_ident(session_user) FROM pg_settings WHERE name = 'temp_file_limit'"
UNLIMITED: Final = "nobody limits the temporary files of the logins"


def wanted(session: "Session", inputs: Inputs) -> dict[str, str]:
    """The setting of each login, where the provisioner may give it."""
    limit = inputs.get(LIMIT)
    return {SETTING: f"{limit}kB"} if limit is not None and _may_set(session) else {}


def ours(inputs: Inputs, wanted: Mapping[str, str], settings: dict[str, str]) -> dict[str, str]:
    """A login's settings without the limit that somebody else gave it, as the server's administrator may."""
    is_others = inputs.get(LIMIT) is not None and SETTING not in wanted
    return {name: value for name, value in settings.items() if not (is_others and name == SETTING)}


def imported(settings: Mapping[str, str]) -> dict[str, int]:
    kilobytes = settings.get(SETTING, "").removesuffix("kB")
    return {LIMIT: int(kilobytes)} if kilobytes.isdecimal() else {}


def unlimited(session: "Session", inputs: Inputs) -> Iterator[str]:
    """The fault where the provisioner may not set the limit and the server has none."""
    if inputs.get(LIMIT) is not None and not _may_set(session) and _of_server(session)[0] < 0:
        yield UNLIMITED


def refuse_unlimited(session: "Session", inputs: Inputs) -> None:
    """Raises Failure with what the server's administrator can do."""
    for problem in unlimited(session, inputs):
        provisioner = _of_server(session)[1]
        raise ResourceFailure(
            f"{problem}: one statement could fill the server's disk",
            f"as the server's administrator run `GRANT SET ON PARAMETER temp_file_limit TO {provisioner}`,"
            " or set the server's own parameter temp_file_limit (docs/plans.md)",
        )


def _may_set(session: "Session") -> bool:
    from psycopg import errors

    try:
        with session.transaction(force_rollback=True):
            session.execute(TRY)
    except errors.InsufficientPrivilege:
        return False
    return True


def _of_server(session: "Session") -> tuple[int, str]:
    """kB, -1 for no limit; and who asks."""
    row = session.execute(SERVERS).fetchone()
    return (int(row[0]), str(row[1])) if row else (-1, "")
