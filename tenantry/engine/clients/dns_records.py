"""Tells DNS records of ours from others: one of ours may have no id on record, and no remark yet.

AliDNS gives every record a number of its own. The provider adds a record first and sets its remark, our mark, in a
second call. A record without any remark that has exactly the host, type and value of our interrupted creation is
therefore taken for it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tenantry.engine.clients.alibaba_rpc import call
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

_DNS: Final = ("alidns.aliyuncs.com", "2015-01-09")
_PAGE: Final = 500  # records a page, the most that AliDNS tells at once
# What leads visitors somewhere: beside one of ours, part of them goes there. (A TXT or MX record leads nobody astray.)
LEADING: Final = ("A", "AAAA", "CNAME", "NS", "REDIRECT_URL", "FORWARD_URL", "HTTPS", "SVCB")


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record of ours."""

    identity: str
    has_remark: bool  # the one that was asked for


def find_record(inputs: Mapping[str, Any], environment: Mapping[str, str]) -> FoundRecord | None:
    """The record that `inputs` describe, if it was made. Raises OSError when AliDNS does not answer."""
    return choose(inputs, records_of(inputs, environment))


def records_of(inputs: Mapping[str, Any], environment: Mapping[str, str]) -> list[Tree]:
    """All records of the host and type that `inputs` name, whosesoever. Raises OSError when AliDNS does not answer."""
    wanted = {
        "DomainName": inputs.get("domainName"),
        "RRKeyWord": inputs.get("rr"),
        "TypeKeyWord": inputs.get("type"),
    }
    records = map(mapping, _records("DescribeDomainRecords", wanted, environment))
    return [
        record
        for record in records
        if record.get("RR") == inputs.get("rr") and record.get("Type") == inputs.get("type")
    ]


def records_of_zone(zone: str, environment: Mapping[str, str]) -> list[Tree]:
    """Every record of a zone. Raises OSError when AliDNS does not answer."""
    return [mapping(record) for record in _records("DescribeDomainRecords", {"DomainName": zone}, environment)]


def delete_record(identity: str, environment: Mapping[str, str]) -> None:
    """Raises OSError when AliDNS does not do it."""
    call(*_DNS, "DeleteDomainRecord", {"RecordId": identity}, environment)


def leading(domain: str, environment: Mapping[str, str]) -> list[Tree]:
    """The records of exactly this name that lead visitors somewhere. Raises OSError when AliDNS does not answer."""
    records = map(mapping, _records("DescribeSubDomainRecords", {"SubDomain": domain}, environment))
    return [record for record in records if record.get("Type") in LEADING]


def is_ours(record: Tree, remark: str, address: str) -> bool:
    """By its remark; without any, an A record to the gateway is what an interrupted creation leaves."""
    if record.get("Remark"):
        return record.get("Remark") == remark
    return (record.get("Type"), record.get("Value")) == ("A", address)


def words(record: Tree) -> str:
    return f"{record.get('Type')} {record.get('Value')}" + (f" ({record['Remark']})" if record.get("Remark") else "")


def _records(action: str, wanted: Mapping[str, object], environment: Mapping[str, str]) -> list[Any]:
    """The records of all pages."""
    records: list[Any] = []
    page = 0
    while True:
        page += 1
        answer = call(*_DNS, action, {**wanted, "PageSize": _PAGE, "PageNumber": page}, environment)
        listed = sequence(mapping(answer.get("DomainRecords")).get("Record"))
        records += listed
        if not listed or len(records) >= int(answer.get("TotalCount") or 0):
            return records


def choose(inputs: Mapping[str, Any], records: list[Any]) -> FoundRecord | None:
    """The one among the zone's records."""
    remark = str(inputs.get("remark") or "")
    same = [
        record
        for record in map(mapping, records)
        if record.get("RR") == inputs.get("rr") and record.get("Type") == inputs.get("type")
    ]
    for record in same:
        if remark and record.get("Remark") == remark:
            return FoundRecord(str(record["RecordId"]), has_remark=True)
    for record in same:
        if not record.get("Remark") and record.get("Value") == inputs.get("value"):
            return FoundRecord(str(record["RecordId"]), has_remark=not remark)
    return None
