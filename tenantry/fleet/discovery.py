"""Finds the tenants' files of a directory, and the entries that do not belong there."""

import os
import re
import stat
from pathlib import Path
from typing import Final

from tenantry.parsing.faults import Fault
from tenantry.spec.ai_models import MODELS_FILE
from tenantry.spec.plans import PLANS_FILE
from tenantry.spec.services import SERVICES_FILE

SCHEMA_FILE: Final = "schema.json"
_OURS: Final = frozenset((PLANS_FILE, SERVICES_FILE, MODELS_FILE, SCHEMA_FILE, "README.md"))
_IGNORED: Final = re.compile(
    r"\.gitkeep|\.gitignore|\.gitattributes|\.editorconfig|\.DS_Store|Thumbs\.db"  # of git and of desktops
    r"|\..*\.sw[a-z]|\.#.*|#.*#|.*~",  # of an editor that has the file open, or had
    re.DOTALL,
)
_COPY: Final = re.compile(r".*\.(?:bak|orig|rej|old|save|tmp|copy|swp)", re.DOTALL | re.IGNORECASE)


def discover_tenant_files(directory: Path) -> tuple[list[Path], list[Fault]]:
    """The tenants' files by name, and a fault for every entry that is neither theirs nor to be ignored."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError as error:
        problem = f"cannot be listed ({error.strerror})"
        return [], [Fault(str(directory), 1, "directory", problem, "name the directory of the tenants' files")]
    tenants: list[Path] = []
    faults: list[Fault] = []
    for entry in entries:
        path = directory / entry.name
        if entry.name in _OURS or (_IGNORED.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False)):
            continue
        if entry.name.endswith(".yaml") and not entry.name.startswith("."):
            tenants.append(path)
        else:
            faults.append(_unexpected_entry(path, stat.S_ISDIR(entry.stat(follow_symlinks=False).st_mode)))
    return tenants, faults


def _unexpected_entry(path: Path, is_directory: bool) -> Fault:
    if is_directory:
        problem, remedy = (
            "is a directory",
            "move it away: tenants' files lie side by side, `cell` tells them apart",
        )
    elif path.name.startswith("."):
        problem, remedy = "is hidden, so nobody would miss it", "name it {code}.yaml or move it away"
    elif path.suffix.lower() in (".yml", ".yaml"):
        problem, remedy = f"ends in {path.suffix}", "rename it to {code}.yaml"
    elif _COPY.fullmatch(path.name):
        problem, remedy = "is a left-over copy", "delete it or move it away"
    else:
        problem, remedy = "is no tenant's file", "move it away or name it {code}.yaml"
    return Fault(str(path), 1, "file", problem, remedy)
