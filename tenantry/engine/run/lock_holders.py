"""The sessions that hold what a change in PostgreSQL waited for in vain, when it ended by its lock timeout.

PostgreSQL's own words name neither the session nor its role. Roles and databases are rows of catalogs that all
databases share: who has changed one and not committed keeps the others from it, and is seen by its lock on the catalog.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tenantry.engine.run.progress import Finding
from tenantry.names import MAINTENANCE_DATABASE, database_of

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

_TIMEOUT: Final = re.compile(r"canceling statement due to lock timeout")
_NAMED: Final = "held by"  # our own steps look while they wait (tenantry/database/sessions/watch.py)
_SHOWN: Final = 3
# A prepared transaction has no process. Of who is no member of its role the server does not say when it began.
HOLDERS: Final = """
SELECT DISTINCT coalesce(holder.usename, 'a prepared transaction'), held.pid,
    coalesce(to_char(holder.xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS UTC'), '')
FROM pg_locks AS held LEFT JOIN pg_stat_activity AS holder ON holder.pid = held.pid
WHERE held.granted AND held.locktype = 'relation' AND held.mode LIKE '%%Exclusive%%'
    AND held.relation = ANY(ARRAY['pg_authid', 'pg_auth_members', 'pg_database', 'pg_db_role_setting']::regclass[])
    AND held.pid IS DISTINCT FROM pg_backend_pid()
ORDER BY 1, 2
"""
Connect = Callable[[str], "AbstractContextManager[Session]"]


def explain(errors: Sequence[Finding], connect: Connect) -> list[Finding]:
    """The errors, those of a lock timeout with who holds it and what to do. Only then `connect` is called."""
    holders: list[list[tuple[str, int | None, str]]] = []

    def words(error: Finding) -> str:
        if not holders:
            with connect(MAINTENANCE_DATABASE) as session:
                holders.append(session.execute(HOLDERS, []).fetchall())
        return _words(error.place.tenant, holders[0])

    def said(error: Finding) -> str:
        if not _TIMEOUT.search(error.text) or _NAMED in error.text:
            return ""
        try:
            return words(error)
        except Exception as failure:  # whatever keeps the server from answering: the error stands without it
            return f"who holds it cannot be read ({type(failure).__name__}): pg_locks and pg_stat_activity show it"

    return [replace(error, text=f"{error.text}: {more}") if (more := said(error)) else error for error in errors]


def _words(code: str, holders: Sequence[tuple[str, int | None, str]]) -> str:
    own = [holder for holder in holders if code and re.fullmatch(f"{database_of(code)}(_[abmr])?", holder[0])]
    shown = own or holders
    if not shown:
        return "who held it has let go of it meanwhile: run again"
    names = ", ".join(_name(*holder) for holder in shown[:_SHOWN]) + (" and others" if len(shown) > _SHOWN else "")
    ends = " ".join(f"SELECT pg_terminate_backend({pid});" for _, pid, _ in shown[:_SHOWN] if pid is not None)
    return f"{'held' if own else 'perhaps held'} by {names}: end it (`{ends or 'ROLLBACK PREPARED'}`), then run again"


def _name(user: str, pid: int | None, begun: str) -> str:
    if pid is None:
        return user
    return f"{user} (process {pid}, its transaction began {begun})" if begun else f"{user} (process {pid})"
