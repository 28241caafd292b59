"""Checks that a tenant's host name leads only to the gateway, before anything of it is made and when all of it is."""

from typing import Final

from provider.errors import ResourceFailure
from provider.systems.connections import Connections
from tenantry.engine.clients.dns_records import is_ours, leading, words
from tenantry.names import mark

REMEDY: Final = (
    "find out whose it is and remove it at AliDNS, or give the tenant another code, then run again: beside the "
    "tenant's own record it takes part of the visitors elsewhere"
)


def refuse_foreign(at: Connections, code: str, domain: str, address: str, *, is_made: bool = False) -> None:
    """Raises Failure for a record of the name that is not ours. `address` is the gateway's.

    Once its own record `is_made`, also for one that bears our mark and leads elsewhere.
    """
    try:
        records = leading(domain, at.systems.environment)
    except OSError as error:
        raise ResourceFailure(f"whether {domain} is free cannot be seen: {error}", "run again", passing=True) from error
    if foreign := [words(record) for record in records if not is_ours(record, mark(code), address)]:
        raise ResourceFailure(f"{domain} has a DNS record that is not ours: {', '.join(foreign)}", REMEDY)
    astray = [words(record) for record in records if (record.get("Type"), record.get("Value")) != ("A", address)]
    if is_made and astray:
        raise ResourceFailure(f"{domain} leads elsewhere as well: {', '.join(astray)}", REMEDY)
