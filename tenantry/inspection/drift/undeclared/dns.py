"""DNS records at a tenant's name or below it that nobody declared."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from tenantry.engine.clients.dns_records import LEADING, delete_record, records_of_zone, words
from tenantry.inspection.drift.model import Finding, Gravity, Mending
from tenantry.inspection.drift.stack import LiveStack
from tenantry.inspection.drift.undeclared.removal import Undeclared
from tenantry.inspection.verify.core.declared import RECORD
from tenantry.names import Names
from tenantry.parsing.json_narrowing import Tree

SYSTEM: Final = "DNS"
CHALLENGE: Final = "_acme-challenge"  # who writes a TXT record of this name gets certificates for the host
_MAIL: Final = ("MX", "SRV")


def look(stack: LiveStack, unseen: list[str]) -> Iterator[Undeclared]:
    """In one reading of the zone. When AliDNS refuses, that is added to `unseen`."""
    if not stack.tenants:
        return
    try:
        records = records_of_zone(stack.zone, stack.alibaba)
    except OSError as error:
        unseen.append(f"{SYSTEM}, {stack.zone}: {error}")
        return
    known = {str(record.get("id")) for record in stack.record.resources if record.get("type") == RECORD}
    by_rr = {names.rr: names for names, _ in stack.tenants}
    for record in records:
        rr = str(record.get("RR")).lower()
        names = by_rr.get(rr.rpartition(".")[2])
        if names is not None and str(record.get("RecordId")) not in known:
            yield _undeclared(stack, names, rr, record)


def _undeclared(stack: LiveStack, names: Names, rr: str, record: Tree) -> Undeclared:
    gravity = gravity_of_record(rr, str(record.get("Type")))
    is_removed = gravity is Gravity.ISOLATION
    identity = str(record.get("RecordId"))
    finding = Finding(
        names.code,
        SYSTEM,
        f"{rr}.{stack.zone}",
        f"nobody declared its record {words(record)}",
        gravity,
        Mending.REMOVAL if is_removed else Mending.PERSON,
        f"`tenantry drift --repair` removes the record {identity}"
        if is_removed
        else f"it leads no visitor astray; whose is it? remove the record {identity} in the DNS console",
        is_declared=False,
    )
    return Undeclared(finding, partial(delete_record, identity, stack.alibaba) if is_removed else None)


def gravity_of_record(rr: str, kind: str) -> Gravity:
    """The gravity of a record: it leads visitors or gets a certificate, is for mail, or else (proofs of ownership)."""
    if kind in LEADING or (kind == "TXT" and rr.split(".")[0] == CHALLENGE):
        return Gravity.ISOLATION
    return Gravity.ACCESS if kind in _MAIL else Gravity.HARMLESS
