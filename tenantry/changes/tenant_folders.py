"""Folders of tenants' files, as git names them: those of every stack that the work tree's project has."""

import os
from pathlib import Path

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.project import Project
from tenantry.names import TENANTS_FOLDER


def tenant_folders(directory: Path, top: Path) -> frozenset[str]:
    """Relative to `top`, the repository's own folder; `directory` lies in the project.

    Read is what is checked out, so a request changes nothing about it. Raises CommandError for settings that cannot be
    read.
    """
    top = top.resolve()
    try:
        project = Project.find(directory.resolve())
    except CommandError:
        return frozenset({TENANTS_FOLDER})
    if not project.root.is_relative_to(top):
        return frozenset({TENANTS_FOLDER})
    folders = [Path(os.path.normpath(folder)) for folder in project.tenant_folders()]
    return frozenset(folder.relative_to(top).as_posix() for folder in folders if folder.is_relative_to(top))
