"""Alibaba Cloud's answers on the key, its rights, and on what the stack names: asked by calls that change nothing."""

from collections.abc import Mapping
from typing import Any, Final

from tenantry.engine.clients.alibaba_rpc import call, listed
from tenantry.inspection.doctor.facts import Alibaba, Silent
from tenantry.model.resources.rights import FOUNDATION, PLATFORM, probes
from tenantry.parsing.json_narrowing import mapping

STS: Final = ("sts.aliyuncs.com", "2015-04-01")
IMS: Final = ("ims.aliyuncs.com", "2019-08-15")
RAM: Final = ("ram.aliyuncs.com", "2015-05-01")
# What a service answers about rights; anything else (no such role yet) means that the right is there.
NO_ZONE: Final = ("InvalidDomainName", "IncorrectDomainUser")
REFUSALS: Final = ("NoPermission", "Forbidden", "AccessDenied", "Unauthorized", "UnauthorizedOperation")


def read_alibaba(settings: Mapping[str, str], keys: Mapping[str, str], *, has_foundation: bool) -> Alibaba | Silent:
    """`keys` is the environment to call in."""
    try:
        account = str(call(*STS, "GetCallerIdentity", {}, keys).get("AccountId", ""))
    except OSError as error:
        return Silent(STS[0], _code(error))
    names = {
        "account": account,
        "zone": settings.get("zone", ""),
        "region": settings.get("systemRegion", ""),
        "system": settings.get("systemBucket", ""),
        "photos": settings.get("photoBucket", ""),
        "backups": settings.get("backupBucket", ""),
    }
    refused: dict[str, str] = {}
    answers: dict[str, Any] = {}
    for right, probe in probes((*PLATFORM, *(FOUNDATION if has_foundation else ())), **names):
        try:
            answers[probe.action] = call(probe.host, probe.version, probe.action, dict(probe.parameters), keys)
        except OSError as error:
            if _code(error).startswith(REFUSALS):
                refused[f"{right.service}:{probe.action}"] = _code(error)
            answers[probe.action] = {"Code": _code(error)}
    return Alibaba(
        where="Alibaba Cloud",
        account=account,
        refused=refused,
        has_zone=not str(mapping(answers.get("DescribeDomainRecords")).get("Code", "")).startswith(NO_ZONE),
        issuers=issuers(keys),
        roles=_count(keys, "ListRoles", ("Roles", "Role")),
        policies=_count(keys, "ListPolicies", ("Policies", "Policy")),
        regions=_regions(settings, keys),
    )


def issuers(keys: Mapping[str, str], page: int = 100) -> dict[str, str]:
    """Identity provider -> its issuer; empty where it may not be asked, which the rights say already."""
    try:
        providers = list(listed(IMS, "ListOIDCProviders", ("OIDCProviders", "OIDCProvider"), {"MaxItems": page}, keys))
    except OSError:
        return {}
    return {str(provider.get("OIDCProviderName")): str(provider.get("IssuerUrl")) for provider in providers}


def _count(keys: Mapping[str, str], action: str, entries: tuple[str, str]) -> int:
    """0 where it may not be asked, which the rights say already."""
    wanted = {"MaxItems": 1000, **({"PolicyType": "Custom"} if action == "ListPolicies" else {})}
    try:
        return sum(1 for _ in listed(RAM, action, entries, wanted, keys))
    except OSError:
        return 0


def _regions(settings: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, str | None]:
    """The regions of our buckets; none for one that is not made yet."""
    from tenantry.backup.errors import oss2 as client

    proxy, token = keys.get("TENANTRY_ALIBABA_PROXY"), keys.get("ALICLOUD_SECURITY_TOKEN")
    key, secret = keys["ALICLOUD_ACCESS_KEY"], keys["ALICLOUD_SECRET_KEY"]
    region = settings.get("systemRegion", "")
    auth: Any = client.StsAuth(key, secret, token, auth_version="v4") if token else client.AuthV4(key, secret)
    regions: dict[str, str | None] = {}
    service: Any = client.Service(
        auth,
        f"{'http' if proxy else 'https'}://oss-{region}.aliyuncs.com",
        region=region,
        connect_timeout=15,
        proxies={"http": proxy, "https": proxy} if proxy else None,
    )
    try:
        there = {entry.name: str(entry.location).removeprefix("oss-") for entry in client.BucketIterator(service)}
    except Exception as error:  # the client's own kinds have no common base with the network's
        if not type(error).__module__.startswith(("oss2", "requests", "urllib3")):
            raise
        return regions
    for part in ("system", "photo", "backup"):
        name = settings.get(f"{part}Bucket", "")
        regions[name] = there.get(name)
    return regions


def _code(error: OSError) -> str:
    """The service's own, at the end of what `call` raises."""
    return str(error).rpartition(": ")[2] or "no answer"
