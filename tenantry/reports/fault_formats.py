"""Faults in the forms that other systems read: GitHub's workflow commands, SARIF 2.1.0, JSON.

Paths are relative to the root of the git repository, as all of them want it; outside of one as they are.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tenantry.parsing.faults import Fault, printable

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_PLACE: Final = re.compile(r"\[[0-9]+\]")


class FaultFormat(StrEnum):
    TEXT = "text"
    GITHUB = "github"
    SARIF = "sarif"
    JSON = "json"


def from_repository_root(faults: Sequence[Fault]) -> list[Fault]:
    """The same with the paths that a forge knows them by."""
    roots: dict[str, Path | None] = {}
    changed: list[Fault] = []
    for fault in faults:
        folder, name = os.path.split(fault.file)
        if folder not in roots:
            roots[folder] = _repository_root(Path(folder))
        root = roots[folder]
        path = Path(os.path.realpath(folder), name)  # as git names its root; a link at the end stays one
        inside = root is not None and path.is_relative_to(root)
        changed.append(replace(fault, file=str(path.relative_to(root))) if root and inside else fault)
    return changed


def github_commands(faults: Sequence[Fault], warnings: Sequence[Fault]) -> Iterator[str]:
    """Lines that a runner turns into annotations of a pull request's lines.

    It shows ten errors and ten warnings a step; the plain lines, which are told too, are all in the log.
    """
    for level, entries in (("error", faults), ("warning", warnings)):
        for fault in entries:
            place = f"file={_property(fault.file)},line={fault.line},title={_property(fault.field)}"
            yield f"::{level} {place}::{_data(_message(fault))}"


def sarif(faults: Sequence[Fault], warnings: Sequence[Fault], version: str) -> dict[str, Any]:
    """A log of one run, for code scanning."""
    results = [_result(fault, "error") for fault in faults] + [_result(fault, "warning") for fault in warnings]
    rules = [{"id": rule} for rule in sorted({result["ruleId"] for result in results})]
    driver = {"name": "tenantry", "version": version, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def as_json(faults: Sequence[Fault], warnings: Sequence[Fault], tenants: int, tombstones: int) -> dict[str, Any]:
    """`tenants` and `tombstones` count what could be read; 0 where a fault kept the files from being read together."""
    return {
        "result": "refused" if faults else "ok",
        "tenants": tenants,
        "tombstones": tombstones,
        "faults": [asdict(fault) for fault in faults],
        "warnings": [asdict(warning) for warning in warnings],
    }


def to_text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _message(fault: Fault) -> str:
    return printable(f"{fault.field}: {fault.problem}, {fault.remedy}")


def _result(fault: Fault, level: str) -> dict[str, Any]:
    location = {
        "artifactLocation": {"uri": quote(fault.file), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": fault.line},
    }
    return {
        "ruleId": _rule(fault.field),
        "level": level,
        "message": {"text": _message(fault)},
        "locations": [{"physicalLocation": location}],
    }


def _rule(field: str) -> str:
    """The field without places in lists: api_keys[3].rotation is a finding of the same kind as api_keys[0].rotation."""
    return printable(_PLACE.sub("", field))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")


def _repository_root(folder: Path) -> Path | None:
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        asked = ["git", "-C", str(folder), "rev-parse", "--show-toplevel"]
        done = subprocess.run(asked, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return Path(done.stdout.decode().strip()) if done.returncode == 0 else None
