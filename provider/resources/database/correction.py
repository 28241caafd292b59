"""One difference from what must be, told by a refresh and corrected by an update."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from psycopg import sql


class Repair(NamedTuple):
    """In words for a refresh, in SQL for an update."""

    what: str
    statement: "sql.Composed"
