"""Packages of a program: the provider plugins its SDKs need, and its distributions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Plugin:
    name: str
    version: str
    server: str


def plugins(site_packages: Iterable[Path]) -> Iterator[Plugin]:
    """The plugins declared by the provider SDKs; an SDK says so in a file beside its code.

    The engine checks these before it runs anything, so that a missing plugin is one clear error at the start instead
    of a failure in the middle of an update.
    """
    for folder in site_packages:
        for path in sorted(folder.glob("*/pulumi-plugin.json")):
            declared: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if declared.get("resource"):
                name = str(declared.get("name") or path.parent.name.removeprefix("pulumi_").replace("_", "-"))
                yield Plugin(name, str(declared.get("version", "")), str(declared.get("server", "")))


def dependencies(site_packages: Iterable[Path]) -> list[tuple[str, str]]:
    """Name and version of every installed distribution, sorted."""
    installed = distributions(path=[str(folder) for folder in site_packages])
    return sorted({(distribution.name, distribution.version) for distribution in installed})
