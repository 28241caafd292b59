"""Checks that a tenant's database can be dropped, before anything else of it goes: its owner may have prevented it."""

from typing import Final

from provider.errors import ResourceFailure, error_context
from provider.systems.connections import Connections
from tenantry.maintenance.purge.role_references import REMEDY, elsewhere
from tenantry.names import MAINTENANCE_DATABASE

OBSTACLES: Final = """
SELECT count(*) || ' prepared transactions' FROM pg_prepared_xacts WHERE database = %(name)s HAVING count(*) > 0
UNION ALL
SELECT 'the replication slot ' || slot_name FROM pg_replication_slots WHERE database = %(name)s
UNION ALL
SELECT 'the subscription ' || subname FROM pg_subscription JOIN pg_database ON pg_database.oid = subdbid
WHERE datname = %(name)s
"""
OWNER: Final = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"


def make_droppable(at: Connections, database: str) -> None:
    """A template becomes none. Raises Failure for what would let DROP DATABASE fail; a missing database is fine."""
    from provider.resources.database import database_options, membership
    from provider.systems.postgresql import DatabaseMissing, explain

    with (
        error_context("looking whether the database can be dropped", explain),
        at.catalogs(MAINTENANCE_DATABASE) as session,
    ):
        try:
            is_template = database_options.facts(session, database)[1]
        except DatabaseMissing:
            return
        for (owner,) in session.execute(OWNER, [database]).fetchall():
            for fault in membership.faults(session, owner):
                session.execute(fault.statement)
        if is_template:
            session.execute(database_options.repair(database, "", database_options.TEMPLATE).statement)
        if roles := elsewhere(session, database):
            raise ResourceFailure(f"the roles of {database} cannot be dropped: {'; '.join(roles)}", REMEDY)
        if obstacles := [what for (what,) in session.execute(OBSTACLES, {"name": database})]:
            raise ResourceFailure(
                f"{database} cannot be dropped because of {', '.join(obstacles)}",
                "nothing was removed: end these in that database (ROLLBACK PREPARED, pg_drop_replication_slot, "
                "DROP SUBSCRIPTION) and run again",
            )
