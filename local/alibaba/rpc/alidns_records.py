"""AliDNS records."""

from __future__ import annotations

import ipaddress
import re

from local.alibaba.http.errors import RpcError
from local.alibaba.rpc.alidns_domains import DOMAIN, find_domain
from local.alibaba.rpc.registry import Answer, RpcCall, action
from local.alibaba.state.domains import Record

RECORD = "domain/{RecordId}"  # rights are by domain: that of the record
TYPES = ("A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "CAA", "REDIRECT_URL", "FORWARD_URL")
LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
RR = re.compile(rf"@|(\*|{LABEL})(\.{LABEL})*")
TTL_RANGE = (600, 86400)  # seconds; the free edition's
EXCLUSIVE = {"CNAME"}  # a CNAME tolerates no other record of the same name and line


def _find(call: RpcCall) -> Record:
    record = call.domains.records.get(call.need("RecordId"))
    if record is None:
        raise RpcError(400, "DomainRecordNotBelongToUser", "The domain record does not belong to this user.")
    return record


def _check_value(kind: str, value: str) -> None:
    try:
        if kind == "A":
            ipaddress.IPv4Address(value)
        if kind == "AAAA":
            ipaddress.IPv6Address(value)
    except ValueError:
        raise RpcError(400, "SubDomainInvalid.Value", "The DNS record value is invalid.") from None
    if not 1 <= len(value) <= 512:
        raise RpcError(400, "SubDomainInvalid.Value", "The DNS record value is invalid.")


def _fields(call: RpcCall, domain: str, before: Answer) -> Answer:
    """The record as asked for, checked; what an update leaves out stays except the line and TTL defaults."""
    kind, rr, value = call.need("Type").upper(), call.need("RR"), call.need("Value")
    ttl = call.number("TTL", before.get("ttl", TTL_RANGE[0]))
    if kind not in TYPES:
        raise RpcError(400, "SubDomainInvalid.Type", "The DNS record type is invalid.")
    if not RR.fullmatch(rr) or len(rr) + len(domain) > 252:
        raise RpcError(400, "SubDomainInvalid.RR", "The DNS record host is invalid.")
    if not TTL_RANGE[0] <= ttl <= TTL_RANGE[1]:
        raise RpcError(400, "QuotaExceeded.TTL", f"The TTL must be {TTL_RANGE[0]} to {TTL_RANGE[1]} seconds.")
    _check_value(kind, value)
    fields: Answer = {
        "domain": domain,
        "rr": rr,
        "type": kind,
        "value": value,
        "ttl": ttl,
        "line": call.get("Line") or before.get("line", "default"),
        "priority": None,
    }
    if kind == "MX":
        fields["priority"] = call.number("Priority", before.get("priority") or 10)
        if not 1 <= fields["priority"] <= 50:
            raise RpcError(400, "SubDomainInvalid.Priority", "The MX priority must be 1 to 50.")
    return fields


def _check_others(call: RpcCall, fields: Answer, own: str) -> None:
    for record in call.domains.of(fields["domain"]):
        kept = record.dns
        if kept["id"] == own or (kept["rr"].lower(), kept["line"]) != (fields["rr"].lower(), fields["line"]):
            continue
        if (kept["type"], kept["value"]) == (fields["type"], fields["value"]):
            raise RpcError(400, "DomainRecordDuplicate", "The DNS record already exists.")
        if kept["type"] != fields["type"] and EXCLUSIVE & {kept["type"], fields["type"]}:
            raise RpcError(400, "DomainRecordConflict", "The DNS record conflicts with other records.")


def _shown(kept: Answer) -> Answer:
    shown: Answer = {
        "RecordId": kept["id"],
        "DomainName": kept["domain"],
        "RR": kept["rr"],
        "Type": kept["type"],
        "Value": kept["value"],
        "TTL": kept["ttl"],
        "Line": kept["line"],
        "Status": kept["status"],
        "Locked": False,
        "Remark": kept["remark"],
        "Weight": 1,
        "CreateTimestamp": int(kept["created"] * 1000),
        "UpdateTimestamp": int(kept["updated"] * 1000),
    }
    return {**shown, "Priority": kept["priority"]} if kept["priority"] is not None else shown


@action("alidns", "AddDomainRecord", DOMAIN)
def add(call: RpcCall) -> Answer:
    domain = find_domain(call).dns["name"]
    fields = _fields(call, domain, {})
    _check_others(call, fields, "")
    now = call.clock.now()
    kept = {**fields, "id": call.domains.new_id(), "status": "ENABLE", "remark": "", "created": now, "updated": now}
    call.domains.save(kept)
    return {"RecordId": kept["id"]}


@action("alidns", "UpdateDomainRecord", RECORD)
def update(call: RpcCall) -> Answer:
    kept = _find(call).dns
    fields = _fields(call, kept["domain"], kept)
    if all(kept[name] == value for name, value in fields.items()):
        raise RpcError(400, "DomainRecordDuplicate", "The DNS record already exists.")
    _check_others(call, fields, kept["id"])
    call.domains.save({**kept, **fields, "updated": call.clock.now()})
    return {"RecordId": kept["id"]}


@action("alidns", "SetDomainRecordStatus", RECORD)
def set_status(call: RpcCall) -> Answer:
    kept, status = _find(call).dns, call.need("Status").upper()
    if status not in ("ENABLE", "DISABLE"):
        raise RpcError(400, "InvalidStatus", "Status must be Enable or Disable.")
    call.domains.save({**kept, "status": status, "updated": call.clock.now()})
    return {"RecordId": kept["id"], "Status": status.title()}


@action("alidns", "UpdateDomainRecordRemark", RECORD)
def update_remark(call: RpcCall) -> Answer:
    kept, remark = _find(call).dns, call.get("Remark")
    if len(remark) > 50:
        raise RpcError(400, "InvalidRemark.Length", "A remark has at most 50 characters.")
    call.domains.save({**kept, "remark": remark, "updated": call.clock.now()})
    return {}


@action("alidns", "DescribeDomainRecordInfo", RECORD)
def info(call: RpcCall) -> Answer:
    kept = _find(call).dns
    zone = call.domains.zones[kept["domain"]].dns
    return {**_shown(kept), "DomainId": zone["id"], "PunyCode": kept["domain"], "GroupId": "", "GroupName": ""}


@action("alidns", "DeleteDomainRecord", RECORD)
def delete(call: RpcCall) -> Answer:
    record = _find(call)
    call.domains.delete(record)
    return {"RecordId": record.dns["id"]}


def _fits(call: RpcCall, kept: Answer) -> bool:
    """Keyword filters: fuzzy by default, KeyWord exact with SearchMode EXACT."""
    word = call.get("KeyWord").lower()
    if word:
        exact = call.get("SearchMode").upper() == "EXACT"
        texts = (kept["rr"].lower(), kept["value"].lower())
        if not any(word == t if exact else word in t for t in texts):
            return False
    kind = (call.get("TypeKeyWord") or call.get("Type")).upper()
    return (
        call.get("RRKeyWord").lower() in kept["rr"].lower()
        and call.get("ValueKeyWord").lower() in kept["value"].lower()
        and kind in ("", kept["type"])
        and call.get("Line") in ("", kept["line"])
        and call.get("Status").upper() in ("", kept["status"])
    )


def _page(call: RpcCall, records: list[Answer], largest: int = 500) -> Answer:
    page, size = call.number("PageNumber", 1), call.number("PageSize", 20)
    if not 1 <= size <= largest or page < 1:
        raise RpcError(400, "InvalidPageSize", f"PageSize must be 1 to {largest}, PageNumber at least 1.")
    shown = [_shown(kept) for kept in records[(page - 1) * size : page * size]]
    return {"TotalCount": len(records), "PageNumber": page, "PageSize": size, "DomainRecords": {"Record": shown}}


@action("alidns", "DescribeDomainRecords", DOMAIN)
def describe(call: RpcCall) -> Answer:
    domain = find_domain(call).dns["name"]
    records = [r.dns for r in call.domains.of(domain) if _fits(call, r.dns)]
    reverse = call.get("Direction", "DESC").upper() != "ASC"
    return _page(call, sorted(records, key=lambda kept: (kept["created"], kept["id"]), reverse=reverse))


@action("alidns", "DescribeSubDomainRecords")
def describe_sub_domain(call: RpcCall) -> Answer:
    name = call.need("SubDomain").lower().rstrip(".")
    records = [
        r.dns
        for r in call.domains.records.values()
        if name == (r.dns["domain"] if r.dns["rr"] == "@" else f"{r.dns['rr'].lower()}.{r.dns['domain']}")
        and call.get("Type").upper() in ("", r.dns["type"])
    ]
    return _page(call, records)


@action("alidns", "DeleteSubDomainRecords", DOMAIN)
def delete_sub_domain(call: RpcCall) -> Answer:
    domain, rr = find_domain(call).dns["name"], call.need("RR").lower()
    records = [
        r
        for r in call.domains.of(domain)
        if r.dns["rr"].lower() == rr and call.get("Type").upper() in ("", r.dns["type"])
    ]
    for record in records:
        call.domains.delete(record)
    return {"RR": call.need("RR"), "TotalCount": str(len(records))}
