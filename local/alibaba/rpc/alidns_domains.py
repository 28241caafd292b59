"""AliDNS domains and their tags."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from local.alibaba.http.errors import RpcError
from local.alibaba.rpc.registry import Answer, RpcCall, action
from local.alibaba.state.domains import Domain

NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
DOMAIN = "domain/{DomainName}"


def find_domain(call: RpcCall, name: str = "") -> Domain:
    name = (name or call.need("DomainName")).lower().rstrip(".")
    domain = call.domains.zones.get(name)
    if domain is None:
        raise RpcError(400, "InvalidDomainName.NoExist", "The specified domain name does not exist. Refresh the page.")
    return domain


def _shown(call: RpcCall, zone: Domain) -> Answer:
    kept = zone.dns
    return {
        "DomainId": kept["id"],
        "DomainName": kept["name"],
        "PunyCode": kept["name"],
        "Remark": kept["remark"],
        "AliDomain": True,
        "VersionCode": "mianfei",
        "VersionName": "Alibaba Cloud DNS",
        "MinTtl": 600,
        "DnsServers": {"DnsServer": kept["servers"]},
        "RecordCount": len(call.domains.of(kept["name"])),
        "GroupId": "",
        "GroupName": "",
        "ResourceGroupId": "rg-acfmtenantry",
        "InstanceId": "",
        "InBlackHole": False,
        "InClean": False,
        "CreateTime": datetime.fromtimestamp(kept["created"], UTC).strftime("%Y-%m-%dT%H:%MZ"),
    }


@action("alidns", "AddDomain", DOMAIN)
def add_domain(call: RpcCall) -> Answer:
    """A domain that the account had from the beginning may be added once more, as its owner taking it up."""
    name = call.need("DomainName").lower().rstrip(".")
    if not NAME.fullmatch(name):
        raise RpcError(400, "InvalidDomainName.Format", "The format of the domain name is incorrect.")
    zone = call.domains.zones.get(name)
    if zone is not None and not zone.dns.get("given"):
        raise RpcError(400, "InvalidDomainName.Duplicate", "The specified domain name already exists.")
    if zone is None:
        zone = call.domains.add_domain(name)
    zone.dns["given"] = False
    call.domains.save_domain(zone)
    return {
        "DomainId": zone.dns["id"],
        "DomainName": name,
        "PunyCode": name,
        "GroupId": "",
        "GroupName": "",
        "DnsServers": {"DnsServer": zone.dns["servers"]},
    }


@action("alidns", "DescribeDomainInfo", DOMAIN)
def domain_info(call: RpcCall) -> Answer:
    return _shown(call, find_domain(call))


@action("alidns", "DescribeDomainNs", DOMAIN)
def domain_servers(call: RpcCall) -> Answer:
    servers = {"DnsServer": find_domain(call).dns["servers"]}
    return {"AllAliDns": True, "IncludeAliDns": True, "DnsServers": servers, "ExpectDnsServers": servers}


@action("alidns", "DescribeDomains", "domain/*")
def domains(call: RpcCall) -> Answer:
    word, exact = call.get("KeyWord").lower(), call.get("SearchMode").upper() == "EXACT"
    zones = [z for n, z in sorted(call.domains.zones.items()) if (n == word if exact else word in n)]
    page, size = call.number("PageNumber", 1), call.number("PageSize", 20)
    shown = [_shown(call, zone) for zone in zones[(page - 1) * size : page * size]]
    return {"TotalCount": len(zones), "PageNumber": page, "PageSize": size, "Domains": {"Domain": shown}}


@action("alidns", "UpdateDomainRemark", DOMAIN)
def update_remark(call: RpcCall) -> Answer:
    zone = find_domain(call)
    zone.dns["remark"] = call.get("Remark")
    call.domains.save_domain(zone)
    return {}


@action("alidns", "DeleteDomain", DOMAIN)
def delete_domain(call: RpcCall) -> Answer:
    zone = find_domain(call)
    call.domains.delete_domain(zone)
    return {"DomainName": zone.dns["name"]}


def _numbered(call: RpcCall, prefix: str) -> list[str]:
    """Repeated parameters: ResourceId.1, ResourceId.2, ..."""
    values = [(int(k.rsplit(".", 1)[1]), v) for k, v in call.params.items() if re.fullmatch(rf"{prefix}\.\d+", k)]
    return [value for _, value in sorted(values)]


@action("alidns", "ListTagResources", "*")
def list_tags(call: RpcCall) -> Answer:
    shown = [
        {"ResourceId": name, "ResourceType": "DOMAIN", "TagKey": k, "TagValue": v}
        for name in _numbered(call, "ResourceId")
        for k, v in find_domain(call, name).dns["tags"].items()
    ]
    return {"TagResources": shown}


@action("alidns", "TagResources", "*")
def tag(call: RpcCall) -> Answer:
    for name in _numbered(call, "ResourceId"):
        zone = find_domain(call, name)
        for parameter, key in call.params.items():
            if match := re.fullmatch(r"Tag\.(\d+)\.Key", parameter):
                zone.dns["tags"][key] = call.get(f"Tag.{match[1]}.Value")
        call.domains.save_domain(zone)
    return {}


@action("alidns", "UntagResources", "*")
def untag(call: RpcCall) -> Answer:
    keys, everything = _numbered(call, "TagKey"), call.get("All").lower() == "true"
    for name in _numbered(call, "ResourceId"):
        zone = find_domain(call, name)
        zone.dns["tags"] = {k: v for k, v in zone.dns["tags"].items() if k not in keys and not everything}
        call.domains.save_domain(zone)
    return {}
