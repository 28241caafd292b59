"""Finds a DNS record of ours whose id nobody wrote down: AliDNS gives every record a number of its own.

The provider adds a record first and sets its remark, our mark, in a second call. A record without any remark that has
exactly the host, type and value of our interrupted creation is therefore taken for it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenantry.engine.alibaba import call
from tenantry.engine.trees import Tree, mapping, sequence

_PAGE = 100  # records a page; the key words narrow them to a handful


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
        "PageSize": _PAGE,
    }
    answer = call("alidns.aliyuncs.com", "2015-01-09", "DescribeDomainRecords", wanted, environment)
    records = map(mapping, sequence(mapping(answer.get("DomainRecords")).get("Record")))
    return [one for one in records if one.get("RR") == inputs.get("rr") and one.get("Type") == inputs.get("type")]


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
