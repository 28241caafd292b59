"""Resources of a tenant that Alibaba Cloud still has by name, whatever the state says. The cluster is not asked: see
steps.py.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from tenantry.backup.clients import BackupClients
from tenantry.engine.clients.alibaba_rpc import call

RAM, RAM_VERSION = "ram.aliyuncs.com", "2015-05-01"
DNS, DNS_VERSION = "alidns.aliyuncs.com", "2015-01-09"
# The codes for just what is asked about: of EntityNotExist.User, say, nothing follows.
ABSENT: Final = re.compile(r": (?:EntityNotExist\.(?:Role|Policy)|InvalidDomainName\.NoExist)$")


def left_in_ram(systems: BackupClients, name: str) -> str | None:
    """A role and its policy have one name."""
    return _answered(systems, RAM, RAM_VERSION, "GetRole", {"RoleName": name}, f"the role {name} is") or _answered(
        systems, RAM, RAM_VERSION, "GetPolicy", {"PolicyName": name, "PolicyType": "Custom"}, f"the policy {name} is"
    )


def left_in_dns(systems: BackupClients, domain: str) -> str | None:
    given = {"SubDomain": domain, "Type": "A"}
    return _answered(systems, DNS, DNS_VERSION, "DescribeSubDomainRecords", given, f"records of {domain} are")


def _answered(
    systems: BackupClients, host: str, version: str, action: str, given: Mapping[str, object], what: str
) -> str | None:
    """None where there is none; who does not answer has perhaps kept it."""
    try:
        answer = call(host, version, action, given, systems.environment)
    except OSError as error:
        return None if ABSENT.search(str(error)) else str(error)
    return None if answer.get("TotalCount") == 0 else f"{what} still there"


# What a clean-up plan calls `KIND/NAME` -> who is asked for it; nobody for a kind that is not here.
OTHERS: Final[Mapping[str, Callable[[BackupClients, str], str | None]]] = {"role": left_in_ram}
