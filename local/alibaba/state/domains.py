"""AliDNS domains and records in moto's Route 53 model: a zone, and a record set for each record id."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from moto.route53.models import FakeZone, RecordSet, route53_backends

from local.alibaba.clock import Clock
from local.alibaba.state import moto_account
from local.alibaba.state.store import Document, Store


@dataclass(slots=True)
class Domain:
    """A domain: what AliDNS keeps, and moto's zone that holds its record sets."""

    dns: Document
    zone: FakeZone


@dataclass(slots=True)
class Record:
    """A record: what AliDNS keeps, and moto's record set."""

    dns: Document
    model: RecordSet


class Domains:
    """Unlike Route 53, AliDNS gives every value an id, a line and a status of its own."""

    def __init__(self, account: str, store: Store, clock: Clock) -> None:
        self.account, self.store, self.clock = account, store, clock
        self.backend = route53_backends[moto_account(account)]["aws"]
        self.zones: dict[str, Domain] = {}
        self.records: dict[str, Record] = {}
        for document in store.all("domain"):
            self._hang_domain(document)
        for document in store.all("record"):
            self._hang_record(document)

    def _hang_domain(self, document: Document) -> Domain:
        domain = Domain(document, self.backend.create_hosted_zone(document["name"], False))
        self.zones[document["name"]] = domain
        return domain

    def add_domain(self, name: str) -> Domain:
        domain = self._hang_domain(
            {
                "name": name,
                "id": secrets.token_hex(16),
                "remark": "",
                "tags": {},
                "created": self.clock.now(),
                "servers": ["dns7.hichina.com", "dns8.hichina.com"],
            }
        )
        self.save_domain(domain)
        return domain

    def save_domain(self, domain: Domain) -> None:
        self.store.put("domain", domain.dns["name"], domain.dns)

    def delete_domain(self, domain: Domain) -> None:
        for record in self.of(domain.dns["name"]):
            self.delete(record)
        self.backend.zones.pop(domain.zone.id.replace("/hostedzone/", ""), None)
        del self.zones[domain.dns["name"]]
        self.store.remove("domain", domain.dns["name"])

    def _hang_record(self, document: Document) -> Record:
        zone = self.zones[document["domain"]].zone
        name = document["domain"] if document["rr"] == "@" else f"{document['rr']}.{document['domain']}"
        model = zone.add_rrset(
            {
                "Name": f"{name}.",
                "Type": document["type"],
                "TTL": document["ttl"],
                "ResourceRecords": [document["value"]],
                "SetIdentifier": document["id"],
                "Weight": 1,
            }
        )
        record = self.records[document["id"]] = Record(document, model)
        return record

    def save(self, document: Document) -> Record:
        """Add or change: the record set is built anew from the document."""
        if old := self.records.get(document["id"]):
            self.zones[document["domain"]].zone.rrsets.remove(old.model)
        self.store.put("record", document["id"], document)
        return self._hang_record(document)

    def delete(self, record: Record) -> None:
        document = record.dns
        self.zones[document["domain"]].zone.rrsets.remove(record.model)
        del self.records[document["id"]]
        self.store.remove("record", document["id"])

    def of(self, domain: str) -> list[Record]:
        return [r for r in self.records.values() if r.dns["domain"] == domain]

    def new_id(self) -> str:
        """Record ids are 18 digits; they are never reused."""
        return str(secrets.randbelow(9 * 10**17) + 10**17)
