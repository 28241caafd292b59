"""AliDNS: an A record for each tenant, and the records of its name."""

from typing import Final

from tenantry.model.resources.facts import (
    ACCESS,
    HARMLESS,
    ISOLATION,
    MARK,
    REMARKS,
    TENANTS,
    DriftGravity,
    Probe,
    Question,
    ResourceKind,
    Right,
    Rights,
    each,
)
from tenantry.names import CODE

_ADDRESS: Final = ("alidns.aliyuncs.com", "2015-01-09")
_ZONE: Final = ("acs:alidns:*:{account}:domain/{zone}",)
_READ: Final = ("DescribeDomainRecords", "DescribeDomainRecordInfo", "DescribeDomains")
KINDS: Final = {
    "alicloud:dns:AlidnsDomain": ResourceKind(ids=("{domainName}",)),
    "alicloud:dns:AlidnsRecord": ResourceKind(
        TENANTS,
        claims={"rr": CODE, "remark": MARK},
        mark="remark",
        drift=DriftGravity(
            ACCESS, ISOLATION, {**REMARKS, "status": ACCESS, "ttl": HARMLESS, "line": ACCESS, "priority": HARMLESS}
        ),
    ),
}
RIGHTS: Final = Rights(
    run=(
        Right(
            "alidns",
            (*each("Add Update Delete", "DomainRecord"), "UpdateDomainRecordRemark", *_READ),
            _ZONE,
            Probe(*_ADDRESS, "DescribeDomainRecords", (("DomainName", "{zone}"), ("PageSize", "1"))),
        ),
    ),
    preview=(Right("alidns", _READ, _ZONE),),
)
# The row of a deletion's plan is of a type of its own; the number of all records stands on the first page.
RECORDS: Final = Question(
    *_ADDRESS,
    "DescribeSubDomainRecords",
    {"SubDomain": "{name}", "Type": "A"},
    "records of {name} are",
    absent="InvalidDomainName.NoExist",
)
