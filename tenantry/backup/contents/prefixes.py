"""Below which prefix each tenant's objects lie: its own file says so, or the policy of its role where there is no file.

The row in the admin database never does: whoever may write rows could have nothing backed up, or a neighbour's files.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tenantry.backup.clients import BackupClients
from tenantry.backup.errors import BackupError
from tenantry.engine.clients.alibaba_rpc import call
from tenantry.fleet.discovery import discover_tenant_files
from tenantry.names import PREFIX_ROOT, is_code, is_phone, names_of, prefix_of
from tenantry.parsing.json_narrowing import mapping, sequence
from tenantry.spec.loader import read_tenant

RAM: Final = ("ram.aliyuncs.com", "2015-05-01")
GRANTED: Final = re.compile(
    rf"acs:oss:[^/]*/{PREFIX_ROOT}(?P<phone>1[3-9][0-9]{{9}})/\*"
)  # components/shared/ram_policies.py


@dataclass(frozen=True, slots=True)
class Filed:
    """The facts of a tenant's file, each as far as that line has no fault."""

    phone: str = ""
    plan: str = ""
    administrators: int = 0  # beside its contact


@dataclass(frozen=True)
class Prefixes:
    """The files of one folder, and RAM for tenants that have none there."""

    folder: Path
    files: dict[str, Filed]
    systems: BackupClients

    @classmethod
    def read(cls, folder: Path, systems: BackupClients) -> "Prefixes":
        return cls(folder, dict(_filed(discover_tenant_files(folder)[0])), systems)

    def of(self, code: str) -> str:
        """Raises BackupError for a tenant whose prefix is not known, or which another's file names too.

        Of two files with one phone the right one is that whose tenant may reach the prefix.
        """
        phone = self.files.get(code, Filed()).phone
        others = [other for other, prefix in self.files.items() if phone and prefix.phone == phone and other != code]
        if phone and not others:
            return prefix_of(phone)
        granted, why = self._granted(code)
        if others and granted != phone:
            raise _taken(code, others, self.folder)
        if granted is None:
            raise BackupError(
                f"where the objects of {code} lie is not known: no phone in {self.folder / code}.yaml, and {why}",
                f"bring back {code}.yaml as it was; the image of the nightly backup needs the files of all tenants",
            )
        if not phone and (others := [other for other, prefix in self.files.items() if prefix.phone == granted]):
            raise _taken(code, others, self.folder)
        return prefix_of(granted)

    def _granted(self, code: str) -> tuple[str | None, str]:
        """The phone in the one prefix that the tenant's role may reach; without one, why."""
        name = names_of(code, "13000000000").ram_policy  # which no phone is part of
        try:
            answer = call(*RAM, "GetPolicy", {"PolicyName": name, "PolicyType": "Custom"}, self.systems.environment)
        except OSError as error:
            return None, str(error)
        phones = _phones(json.loads(str(mapping(answer.get("DefaultPolicyVersion")).get("PolicyDocument") or "{}")))
        return (phones.pop() if len(phones) == 1 else None), f"the policy {name} names no single prefix"


def _taken(code: str, others: list[str], folder: Path) -> BackupError:
    return BackupError(
        f"{code} has the phone of {', '.join(others)}, and so the prefix of its objects",
        f"correct `phone:` in {folder}, see `tenantry validate`",
    )


def _filed(paths: Iterable[Path]) -> Iterable[tuple[str, Filed]]:
    for path in paths:
        source = read_tenant(path).source
        code, phone, plan = (source.valid(name) for name in ("code", "phone", "plan"))
        people = len(sequence(source.valid("administrators")))
        if isinstance(code, str) and is_code(code) and path.stem == code:
            right = isinstance(phone, str) and is_phone(phone)
            yield code, Filed(phone if right else "", plan if isinstance(plan, str) else "", people)


def _phones(document: Any) -> set[str]:
    statements = [mapping(statement) for statement in sequence(mapping(document).get("Statement"))]
    listed = [str(arn) for statement in statements for arn in sequence(statement.get("Resource"))]
    return {match["phone"] for text in listed if (match := GRANTED.fullmatch(text))}
