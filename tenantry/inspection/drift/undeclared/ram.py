"""Undeclared things at RAM: policies on a tenant's role, others who hold its policy, versions, roles of its name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tenantry.engine.clients import alibaba_rpc
from tenantry.inspection.drift.model import Finding, Gravity, Mending
from tenantry.inspection.drift.stack import LiveStack
from tenantry.inspection.drift.undeclared.removal import Undeclared
from tenantry.names import BACKUP_ROLE, BROKER_ROLE, Names
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

SYSTEM: Final = "RAM"
_RAM: Final = ("ram.aliyuncs.com", "2015-05-01")
_PAGE: Final = 1000
_FEDERATION: Final = "tenantry:components:Federation"  # what declares the platform's roles
_PLATFORM_ROLES: Final = (BROKER_ROLE, BACKUP_ROLE)
# Who holds a policy: the list, its entries, the key of the name, the action that takes it away.
_HOLDERS: Final = (("Roles", "Role"), ("Users", "User"), ("Groups", "Group"))


@dataclass(frozen=True)
class Ram:
    """The account's RAM, as the provisioner asks it."""

    keys: Mapping[str, str]

    def ask(self, action: str, **parameters: Any) -> Tree:
        """Raises OSError when RAM refuses."""
        return alibaba_rpc.call(*_RAM, action, parameters, self.keys)

    def listed(self, action: str, outer: str, inner: str, **parameters: Any) -> Iterator[Tree]:
        """The entries of all pages."""
        yield from alibaba_rpc.listed(_RAM, action, (outer, inner), parameters, self.keys)


def look(stack: LiveStack, unseen: list[str]) -> Iterator[Undeclared]:
    """Looks at every tenant, and at the platform's roles where the stack holds them. Refusals are added to `unseen`."""
    ram = Ram(stack.alibaba)
    tenants = [names for names, _ in stack.tenants]
    for names in tenants:
        try:
            yield from _of_role(ram, names)
            yield from _of_policy(ram, names)
        except OSError as error:
            unseen.append(f"{SYSTEM}, {names.ram_role}: {error}")
    try:
        yield from _of_name(ram, tenants)
        if stack.holds(_FEDERATION):
            yield from _of_platform(ram)
    except OSError as error:
        unseen.append(f"{SYSTEM}: {error}")


def _of_role(ram: Ram, names: Names) -> Iterator[Undeclared]:
    for policy in _policies(ram, "Role", names.ram_role):
        if policy != ("Custom", names.ram_policy):
            yield _attached(ram, names.code, "Role", names.ram_role, policy)


def _policies(ram: Ram, kind: str, holder: str) -> Iterator[tuple[str, str]]:
    """Type and name of each. None where the holder is gone: the refresh tells that."""
    try:
        policies = list(ram.listed(f"ListPoliciesFor{kind}", "Policies", "Policy", **{f"{kind}Name": holder}))
    except OSError as error:
        if "EntityNotExist" in str(error):
            return
        raise
    yield from ((str(policy.get("PolicyType")), str(policy.get("PolicyName"))) for policy in policies)


def _of_policy(ram: Ram, names: Names) -> Iterator[Undeclared]:
    policy = {"PolicyName": names.ram_policy, "PolicyType": "Custom"}
    try:
        holders = ram.ask("ListEntitiesForPolicy", **policy)
        versions = list(ram.listed("ListPolicyVersions", "PolicyVersions", "PolicyVersion", **policy))
    except OSError as error:
        if "EntityNotExist" in str(error):
            return
        raise
    for outer, kind in _HOLDERS:
        for holder in map(mapping, sequence(mapping(holders.get(outer)).get(kind))):
            name = str(holder.get(f"{kind}Name"))
            if (kind, name) != ("Role", names.ram_role):
                yield _attached(ram, names.code, kind, name, ("Custom", names.ram_policy))
    default = max((_number(version) for version in versions if version.get("IsDefaultVersion")), default=0)
    for version in versions:
        if _number(version) > default:  # what a run writes is the default version at once
            yield _version(ram, names, str(version["VersionId"]))


def _number(version: Tree) -> int:
    text = str(version.get("VersionId")).removeprefix("v")
    return int(text) if text.isdecimal() else 0


def _version(ram: Ram, names: Names, version: str) -> Undeclared:
    finding = Finding(
        names.code,
        SYSTEM,
        f"policy {names.ram_policy}",
        f"has a version {version} that no run has written; it does not count until somebody makes it the default",
        Gravity.ACCESS,
        Mending.REMOVAL,
        "`tenantry drift --repair` removes the version",
        is_declared=False,
    )
    return Undeclared(
        finding, partial(_ask, ram, "DeletePolicyVersion", PolicyName=names.ram_policy, VersionId=version)
    )


def _attached(ram: Ram, tenant: str, kind: str, holder: str, policy: tuple[str, str]) -> Undeclared:
    sort, name = policy
    finding = Finding(
        tenant,
        SYSTEM,
        f"{kind.lower()} {holder}",
        f"holds the policy {name} ({sort}), and nobody declared that",
        Gravity.ISOLATION,
        Mending.REMOVAL,
        "`tenantry drift --repair` detaches it; neither the policy nor who held it is removed",
        is_declared=False,
    )
    detach = {"PolicyType": sort, "PolicyName": name, f"{kind}Name": holder}
    return Undeclared(finding, partial(_ask, ram, f"DetachPolicyFrom{kind}", **detach))


def _of_name(ram: Ram, tenants: list[Names]) -> Iterator[Undeclared]:
    """Roles and policies called like a tenant's, with something behind it: `tenant-k001-backup`."""
    for action, outer, kind in (("ListRoles", "Roles", "Role"), ("ListPolicies", "Policies", "Policy")):
        custom = {"PolicyType": "Custom"} if kind == "Policy" else {}
        for item in ram.listed(action, outer, kind, MaxItems=_PAGE, **custom):
            name = str(item.get(f"{kind}Name"))
            whose = next((names for names in tenants if name.startswith(f"{names.ram_role}-")), None)
            if whose is not None:
                yield Undeclared(
                    Finding(
                        whose.code,
                        SYSTEM,
                        f"{kind.lower()} {name}",
                        "nobody declared it, and it has a tenant's name",
                        Gravity.ACCESS,
                        Mending.PERSON,
                        "whose is it, and what does it allow? remove it in the RAM console, or give it another name",
                        is_declared=False,
                    )
                )


def _of_platform(ram: Ram) -> Iterator[Undeclared]:
    """Looks at the roles that the platform's own accounts take, one of which takes every tenant's role in turn."""
    for role in _PLATFORM_ROLES:
        for policy in _policies(ram, "Role", role):
            if policy != ("Custom", role):
                yield _attached(ram, "", "Role", role, policy)


def _ask(ram: Ram, action: str, **parameters: str) -> None:
    ram.ask(action, **parameters)
