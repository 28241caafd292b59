"""Where the Pulumi project lies, and what the stack's own configuration file says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import yaml

from tenantry.engine.refusal import Refusal
from tenantry.names import DEFAULT_ZONE, is_zone

_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")


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
        raise Refusal(f"no Pulumi.yaml in {start} or above", "run this inside the project, or name it with --cwd")

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """Pulumi.yaml."""
        return _mapping(next(self.root / name for name in _PROJECT_FILES if (self.root / name).is_file()))

    @property
    def name(self) -> str:
        """The project's name: part of every resource's URN and of the state's path."""
        return str(self.document["name"])

    @property
    def backend_url(self) -> str | None:
        """The state's address when Pulumi.yaml names one."""
        backend = self.document.get("backend")
        return str(cast("dict[str, Any]", backend).get("url") or "") or None if isinstance(backend, dict) else None

    def configuration(self, stack: str) -> Mapping[str, Any]:
        """`config:` of Pulumi.STACK.yaml by full key; encrypted values stay mappings and are never looked at."""
        path = self.root / f"Pulumi.{stack}.yaml"
        config: Any = _mapping(path).get("config") if path.is_file() else None
        return cast("dict[str, Any]", config) if isinstance(config, dict) else {}

    def setting(self, stack: str, name: str) -> str | None:
        """The plain value of `tenantry:NAME` for the stack, else the default in Pulumi.yaml; None without either."""
        value = self.configuration(stack).get(f"tenantry:{name}", self._default(name))
        return str(value) if isinstance(value, str | int | bool) and value != "" else None

    def tenants(self, stack: str) -> Path:
        """The folder of the stack's tenants."""
        return self.root / (self.setting(stack, "tenants") or "tenants")

    def zone(self, stack: str) -> str:
        """The DNS zone of the stack's tenants."""
        zone = self.setting(stack, "zone") or DEFAULT_ZONE
        if not is_zone(zone):
            raise Refusal(f"tenantry:zone is no DNS zone: {zone}", f"write it in lower case, such as {DEFAULT_ZONE}")
        return zone

    def cells(self, stack: str) -> frozenset[str] | None:
        """The cells of tenants that the stack holds; None: all of them."""
        held: Any = self.configuration(stack).get("tenantry:holds", self._default("holds"))
        parts = [str(part) for part in cast("list[Any]", held)] if isinstance(held, list) else ["cells"]
        if "cells" in parts:
            return None
        return frozenset(part.removeprefix("cell/") for part in parts if part.startswith("cell/"))

    def _default(self, name: str) -> Any:
        declared = cast("dict[str, Any]", self.document.get("config") or {}).get(name)
        return cast("dict[str, Any]", declared).get("default") if isinstance(declared, dict) else None


def _mapping(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Refusal(f"{path.name} cannot be read: {error}", "repair the file") from error
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}
