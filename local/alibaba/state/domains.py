"""AliDNS domains and records in moto's Route 53 model: a zone, and a record set for each record id."""

from __future__ import annotations

import secrets
from typing import Any

from moto.route53.models import FakeZone, RecordSet, route53_backends

from local.alibaba.clock import Clock
from local.alibaba.state import moto_account
from local.alibaba.store import Document, Store


class Domains:
    """Unlike Route 53, AliDNS gives every value an id, a line and a status of its own."""

    def __init__(self, account: str, store: Store, clock: Clock) -> None:
        self.account, self.store, self.clock = account, store, clock
        self.backend = route53_backends[moto_account(account)]["aws"]
        self.zones: dict[str, FakeZone] = {}
        self.records: dict[str, RecordSet] = {}
        for document in store.all("domain"):
            self._hang_domain(document)
        for document in store.all("record"):
            self._hang_record(document)

    def _hang_domain(self, document: Document) -> FakeZone:
        zone = self.backend.create_hosted_zone(document["name"], False)
        zone.dns = document  # type: ignore[attr-defined]
        self.zones[document["name"]] = zone
        return zone

    def add_domain(self, name: str) -> FakeZone:
        zone = self._hang_domain({
            "name": name, "id": secrets.token_hex(16), "remark": "", "tags": {}, "created": self.clock.now(),
            "servers": ["dns7.hichina.com", "dns8.hichina.com"],
        })
        self.save_domain(zone)
        return zone

    def save_domain(self, zone: FakeZone) -> None:
        self.store.put("domain", zone.dns["name"], zone.dns)

    def delete_domain(self, zone: FakeZone) -> None:
        for record in self.of(zone.dns["name"]):
            self.delete(record)
        self.backend.zones.pop(zone.id.replace("/hostedzone/", ""), None)
        del self.zones[zone.dns["name"]]
        self.store.remove("domain", zone.dns["name"])

    def _hang_record(self, document: Document) -> RecordSet:
        zone = self.zones[document["domain"]]
        name = document["domain"] if document["rr"] == "@" else f"{document['rr']}.{document['domain']}"
        record: Any = zone.add_rrset({
            "Name": f"{name}.", "Type": document["type"], "TTL": document["ttl"],
            "ResourceRecords": [document["value"]], "SetIdentifier": document["id"], "Weight": 1,
        })
        record.dns = document
        self.records[document["id"]] = record
        return record

    def save(self, document: Document) -> RecordSet:
        """Add or change: the record set is built anew from the document."""
        if old := self.records.get(document["id"]):
            self.zones[document["domain"]].rrsets.remove(old)
        self.store.put("record", document["id"], document)
        return self._hang_record(document)

    def delete(self, record: RecordSet) -> None:
        document = record.dns
        self.zones[document["domain"]].rrsets.remove(record)
        del self.records[document["id"]]
        self.store.remove("record", document["id"])

    def of(self, domain: str) -> list[RecordSet]:
        return [r for r in self.records.values() if r.dns["domain"] == domain]

    def new_id(self) -> str:
        """Record ids are 18 digits; they are never reused."""
        return str(secrets.randbelow(9 * 10**17) + 10**17)
