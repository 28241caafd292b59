"""The Pulumi project's folder, and the settings in the stack's own configuration file."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast

import yaml

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.embedded import EMBEDDED_STACKS
from tenantry.engine.stack.stack_file import faults, top_line
from tenantry.names import DEFAULT_ZONE, TENANTS_FOLDER, is_zone
from tenantry.parsing.yaml_document import broken
from tenantry.spec.setting_keys import NAMESPACE, SECRETS
from tenantry.spec.tenant_secrets import StackSecrets

# Of the engine (pkg/secrets/cloud): what it encrypts a stack's secrets with, beside a passphrase.
KEY_SERVICES: Final = ("awskms", "azurekeyvault", "gcpkms", "hashivault")
PASSPHRASES: Final = ("", "default", "passphrase")
_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")
_ORGANIZATION = "organization"  # the only one of a self-managed state
_STACK_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class Project:
    """The folder with Pulumi.yaml."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> "Project":
        """The nearest project at or above `start`."""
        for folder in (start.absolute(), *start.absolute().parents):
            if any((folder / name).is_file() for name in _PROJECT_FILES):
                return cls(folder)
        raise CommandError(f"no Pulumi.yaml in {start} or above", "run this inside the project, or name it with --cwd")

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """Pulumi.yaml."""
        return _mapping(next(self.root / name for name in _PROJECT_FILES if (self.root / name).is_file()))

    @property
    def name(self) -> str:
        """The project's name: part of every resource's URN and of the state's path."""
        return str(self.document["name"])

    def stack(self, name: str) -> str:
        """The plain name of a stack of this project; the engine takes `organization/PROJECT/NAME` for the same one.

        Files of settings, locks and states go by the plain name. Raises Refusal for what is no stack of this project.
        """
        *above, plain = name.split("/")
        if above in ([], [_ORGANIZATION], [_ORGANIZATION, self.name]) and _STACK_NAME.fullmatch(plain):
            return plain
        raise CommandError(
            f"`{name}` is no stack of the project {self.name}",
            f"name it NAME or {_ORGANIZATION}/{self.name}/NAME; NAME is of letters, digits, `.`, `_` and `-`",
        )

    @property
    def backend_url(self) -> str | None:
        """The state's address when Pulumi.yaml names one."""
        backend = self.document.get("backend")
        return str(cast("dict[str, Any]", backend).get("url") or "") or None if isinstance(backend, dict) else None

    def file(self, stack: str) -> Path:
        """The stack's own settings."""
        return self.root / f"Pulumi.{stack}.yaml"

    def require(self, stack: str) -> None:
        """Raises Refusal for a stack without settings of its own, and for keys of its file that nobody reads.

        Of a misspelt stack, or for a misspelt key, the default would be taken without a word.
        """
        file = self.file(stack)
        if not file.is_file():
            if EMBEDDED_STACKS.fullmatch(stack) is None:
                raise CommandError(
                    f"the stack `{stack}` has no settings: there is no {file.name}", "name another with --stack"
                )
            return
        declared = self.document.get("config")
        if isinstance(declared, dict):
            try:
                problem = list(faults(file, self.name, cast("dict[str, Any]", declared).keys()))
            except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
                raise _unreadable(file, error) from error
            if problem:
                raise CommandError("\n".join(problem), "")

    def stack_document(self, stack: str) -> Mapping[str, Any]:
        """Pulumi.STACK.yaml; empty where there is none."""
        return _mapping(self.file(stack)) if self.file(stack).is_file() else {}

    def secrets_provider(self, stack: str) -> str | None:
        """The provider that encrypts the stack's secrets, such as `hashivault://KEY`; None where a passphrase does.

        Raises CommandError for one that the engine has not: for a new stack it would take a passphrase in its place.
        """
        named = self.stack_document(stack).get("secretsprovider")
        if not isinstance(named, str) or named in PASSPHRASES:
            return None
        kind, _, key = named.partition("://")
        if kind not in KEY_SERVICES or not key:
            file = self.file(stack)
            raise CommandError(
                f"{file.name}:{top_line(file, 'secretsprovider')}: secretsprovider: the engine has no provider `{kind}`"
                + ("" if kind not in KEY_SERVICES else " without a key"),
                f"write passphrase, or {', '.join(f'{service}://KEY' for service in KEY_SERVICES)}",
            )
        return named

    def configuration(self, stack: str) -> Mapping[str, Any]:
        """`config:` of Pulumi.STACK.yaml by full key; encrypted values stay mappings and are never looked at.

        Every other value is text as it is written, as the engine hands it to the program: a day or a number without
        quotes is no other setting than one with them.
        """
        config: Any = self.stack_document(stack).get("config")
        entries = cast("dict[str, Any]", config) if isinstance(config, dict) else {}
        return {key if ":" in key else f"{self.name}:{key}": value for key, value in entries.items()}

    def tenant_secrets(self, stack: str) -> StackSecrets:
        """The names of the tenants' secrets that the stack's file holds. Whether each is encrypted `require` checks."""
        names = [key.partition(":") for key in self.configuration(stack)]
        keys = {key: "" for namespace, _, key in names if namespace == SECRETS}
        return StackSecrets(stack, keys, self.cells(stack))

    def setting(self, stack: str, name: str) -> str | None:
        """The plain value of `tenantry:NAME` for the stack, else the default in Pulumi.yaml; None without either."""
        value = self.configuration(stack).get(f"{NAMESPACE}:{name}", self._default(name))
        return value if isinstance(value, str) and value != "" else None

    def listed(self, stack: str, name: str) -> list[str] | None:
        """The same for a list, which `pulumi config set` writes as JSON text."""
        value = self.configuration(stack).get(f"{NAMESPACE}:{name}", self._default(name))
        if isinstance(value, str) and value:
            try:
                value = json.loads(value)
            except ValueError:
                value = None
            if not isinstance(value, list):
                raise CommandError(
                    f"{NAMESPACE}:{name} of the stack `{stack}` is no list", f"repair {self.file(stack).name}"
                )
        return [str(part) for part in cast("list[Any]", value)] if isinstance(value, list) else None

    def tenants(self, stack: str) -> Path:
        """The folder of the stack's tenants."""
        return self.root / (self.setting(stack, "tenants") or TENANTS_FOLDER)

    def tenant_folders(self) -> frozenset[Path]:
        """The folders of all stacks that have settings of their own, and the one of a stack without."""
        default = self.root / (self._default("tenants") or TENANTS_FOLDER)
        return frozenset({default, *(self.tenants(stack) for stack in self.stacks())})

    def stacks(self) -> list[str]:
        """The plain names of the stacks that have settings of their own."""
        files = self.root.glob("Pulumi.*.yaml")
        return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)

    def zone(self, stack: str) -> str:
        """The DNS zone of the stack's tenants."""
        zone = self.setting(stack, "zone") or DEFAULT_ZONE
        if not is_zone(zone):
            raise CommandError(
                f"tenantry:zone is no DNS zone: {zone}", f"write it in lower case, such as {DEFAULT_ZONE}"
            )
        return zone

    def cells(self, stack: str) -> frozenset[str] | None:
        """The cells of tenants that the stack holds; None: all of them."""
        parts = self.listed(stack, "holds")
        if parts is None or "cells" in parts:
            return None
        return frozenset(part.removeprefix("cell/") for part in parts if part.startswith("cell/"))

    def _default(self, name: str) -> Any:
        declared = cast("dict[str, Any]", self.document.get("config") or {}).get(name)
        return cast("dict[str, Any]", declared).get("default") if isinstance(declared, dict) else None


def _mapping(path: Path) -> Mapping[str, Any]:
    try:
        document = _texts(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _unreadable(path, error) from error
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _texts(text: str) -> Any:
    """Every scalar as the text that is written, not what YAML 1.1 makes of it (dates, octal numbers, `no`).

    libyaml reads in a tenth of the time, and every command pays for it; what is broken Python's own reader names.
    """
    with suppress(yaml.YAMLError):
        return yaml.load(text, getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 (makes text, no objects)
    return yaml.load(text, yaml.BaseLoader)  # noqa: S506 (as above)


def _unreadable(path: Path, error: Exception) -> CommandError:
    if isinstance(error, yaml.MarkedYAMLError):
        line, mistake = broken(path.read_text(encoding="utf-8"), error)
        return CommandError(f"{path.name}:{line}: {mistake.problem}", mistake.remedy)
    return CommandError(f"{path.name} cannot be read: {error}", "repair the file")
