"""AliDNS through the core SDK."""

from typing import Any

import pytest

ZONE = "yyup.cc"


def _add(standin: Any, rr: str, **more: str) -> str:
    wanted = {"DomainName": ZONE, "RR": rr, "Type": "A", "Value": "192.0.2.1", **more}
    return str(standin.call("alidns", "AddDomainRecord", **wanted)["RecordId"])


def _records(standin: Any, **more: str) -> list[str]:
    answer = standin.call("alidns", "DescribeDomainRecords", DomainName=ZONE, **more)
    return [record["RR"] for record in answer["DomainRecords"]["Record"]]


def test_a_record_from_birth_to_death(standin: Any) -> None:
    record = _add(standin, "k001", TTL="600")
    info = standin.call("alidns", "DescribeDomainRecordInfo", RecordId=record)
    assert (info["RR"], info["Type"], info["Value"], info["TTL"], info["Line"], info["Status"]) == (
        "k001", "A", "192.0.2.1", 600, "default", "ENABLE"
    )  # fmt: skip
    standin.call("alidns", "UpdateDomainRecordRemark", RecordId=record, Remark="tenantry k001")
    standin.call("alidns", "SetDomainRecordStatus", RecordId=record, Status="Disable")
    changed = {"RecordId": record, "RR": "k001", "Type": "A", "Value": "192.0.2.9"}
    standin.call("alidns", "UpdateDomainRecord", **changed)
    info = standin.call("alidns", "DescribeDomainRecordInfo", RecordId=record)
    assert (info["Value"], info["TTL"]) == ("192.0.2.9", 600)
    assert (info["Remark"], info["Status"]) == ("tenantry k001", "DISABLE")
    assert standin.refused("alidns", "UpdateDomainRecord", **changed) == "DomainRecordDuplicate"
    standin.call("alidns", "DeleteDomainRecord", RecordId=record)
    assert standin.refused("alidns", "DescribeDomainRecordInfo", RecordId=record) == "DomainRecordNotBelongToUser"
    assert standin.refused("alidns", "DeleteDomainRecord", RecordId=record) == "DomainRecordNotBelongToUser"


def test_duplicates_and_conflicts(standin: Any) -> None:
    _add(standin, "dup")
    same = {"DomainName": ZONE, "RR": "DUP", "Type": "A", "Value": "192.0.2.1"}
    assert standin.refused("alidns", "AddDomainRecord", **same) == "DomainRecordDuplicate"
    _add(standin, "dup", Value="192.0.2.2")
    alias = {**same, "Type": "CNAME", "Value": "x.example.com"}
    assert standin.refused("alidns", "AddDomainRecord", **alias) == "DomainRecordConflict"


@pytest.mark.parametrize(("change", "expected"), [
    ({"DomainName": "other.example"}, "InvalidDomainName.NoExist"),
    ({"Value": "not an address"}, "SubDomainInvalid.Value"),
    ({"Type": "AAAA"}, "SubDomainInvalid.Value"),
    ({"Type": "NONE"}, "SubDomainInvalid.Type"),
    ({"RR": "-x"}, "SubDomainInvalid.RR"),
    ({"RR": "a..b"}, "SubDomainInvalid.RR"),
    ({"TTL": "60"}, "QuotaExceeded.TTL"),
    ({"TTL": "86401"}, "QuotaExceeded.TTL"),
])  # fmt: skip
def test_records_that_are_refused(standin: Any, change: dict[str, str], expected: str) -> None:
    wanted = {"DomainName": ZONE, "RR": "refused", "Type": "A", "Value": "192.0.2.1", **change}
    assert standin.refused("alidns", "AddDomainRecord", **wanted) == expected


def test_found_by_keyword_and_page(standin: Any) -> None:
    for number in range(5):
        _add(standin, f"find{number}", Value=f"198.51.100.{number}")
    _add(standin, "find", Type="TXT", Value="needle in text")
    assert sorted(_records(standin, RRKeyWord="find")) == ["find", *(f"find{n}" for n in range(5))]
    assert _records(standin, RRKeyWord="FIND3") == ["find3"]
    assert _records(standin, ValueKeyWord="100.4") == ["find4"]
    assert _records(standin, TypeKeyWord="TXT") == ["find"]
    assert _records(standin, KeyWord="find", SearchMode="EXACT") == ["find"]
    pages = [_records(standin, RRKeyWord="find", PageSize="4", PageNumber=str(n)) for n in (1, 2, 3)]
    assert [len(page) for page in pages] == [4, 2, 0]
    assert len({rr for page in pages for rr in page}) == 6
    assert standin.refused("alidns", "DescribeDomainRecords", DomainName=ZONE, PageSize="501") == "InvalidPageSize"
    sub = standin.call("alidns", "DescribeSubDomainRecords", SubDomain=f"find2.{ZONE}")
    assert [r["Value"] for r in sub["DomainRecords"]["Record"]] == ["198.51.100.2"]


def test_domains(standin: Any) -> None:
    assert standin.call("alidns", "DescribeDomainInfo", DomainName=ZONE)["DomainName"] == ZONE
    standin.call("alidns", "AddDomain", DomainName=ZONE)  # taking up what the account has
    assert standin.refused("alidns", "AddDomain", DomainName=ZONE) == "InvalidDomainName.Duplicate"
    made = standin.call("alidns", "AddDomain", DomainName="new.example")
    assert len(made["DnsServers"]["DnsServer"]) == 2
    standin.call("alidns", "AddDomainRecord", DomainName="new.example", RR="@", Type="A", Value="192.0.2.1")
    assert standin.call("alidns", "DescribeDomainInfo", DomainName="new.example")["RecordCount"] == 1
    listed = standin.call("alidns", "DescribeDomains", KeyWord="new")["Domains"]["Domain"]
    assert [d["DomainName"] for d in listed] == ["new.example"]
    standin.call("alidns", "DeleteDomain", DomainName="new.example")
    assert standin.refused("alidns", "DescribeDomainInfo", DomainName="new.example") == "InvalidDomainName.NoExist"
    assert standin.refused("alidns", "AddDomain", DomainName="no domain") == "InvalidDomainName.Format"


def test_rights_are_by_domain(standin: Any) -> None:
    one = {"Effect": "Allow", "Action": "alidns:*", "Resource": f"acs:alidns:*:{standin.account}:domain/{ZONE}"}
    keys = standin.user("dns-of-one", one)
    standin.call("alidns", "AddDomain", DomainName="second.example")
    wanted = {"RR": "mine", "Type": "A", "Value": "192.0.2.1"}
    record = standin.call("alidns", "AddDomainRecord", keys, DomainName=ZONE, **wanted)["RecordId"]
    assert standin.refused("alidns", "AddDomainRecord", keys, DomainName="second.example", **wanted) == "Forbidden.RAM"
    foreign = standin.call("alidns", "AddDomainRecord", DomainName="second.example", **wanted)["RecordId"]
    assert standin.refused("alidns", "DeleteDomainRecord", keys, RecordId=foreign) == "Forbidden.RAM"
    both = {"DomainName": "second.example", "RecordId": record}  # a record of one's own opens no other domain
    assert standin.refused("alidns", "DeleteDomain", keys, **both) == "Forbidden.RAM"
    assert standin.refused("alidns", "DescribeDomainRecords", keys, **both) == "Forbidden.RAM"
    standin.call("alidns", "DeleteDomainRecord", keys, RecordId=record)
