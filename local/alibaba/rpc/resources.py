"""Resources that a RAM user needs a right on: those that the action then acts on, however the request spells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.alibaba.state.domains import Domains
from local.alibaba.state.identities import Identities


@dataclass(frozen=True, slots=True)
class ResourceNames:
    """Names the resources of one account."""

    account: str
    identities: Identities
    domains: Domains

    def spelled(self, service: str, template: str, params: Mapping[str, str]) -> tuple[str, ...]:
        """Every spelling under which a statement may name what `template` stands for.

        The name as asked for, as it was given when the thing was made, and in small letters: it is looked up
        without regard to case, so a denial for `role/admin` has to hold for `RoleName=ADMIN` too.
        """
        owner = "system" if template == "policy/{PolicyName}" and params.get("PolicyType") == "System" else self.account
        names = {template}
        for key, value in params.items():
            if f"{{{key}}}" in template:
                names = {
                    name.replace(f"{{{key}}}", spelling) for name in names for spelling in self._spellings(key, value)
                }
        return tuple(f"acs:{service}::{owner}:{name}" for name in sorted(names))

    def _spellings(self, key: str, value: str) -> set[str]:
        folded = value.lower()
        match key:
            case "RoleName" | "UserName":
                held = self.identities.roles if key == "RoleName" else self.identities.users
                identity = held.get(folded)
                return {value, folded, *([identity.ram["name"]] if identity else [])}
            case "DomainName":
                return {value, folded.rstrip(".")}
            case "RecordId":
                record = self.domains.records.get(value)
                return {record.dns["domain"] if record else ""}
            case _:
                return {value}
