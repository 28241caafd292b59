"""The files that a run of any stack is made of: program, provider, policy pack and their dependencies."""

from typing import Final

FOLDERS: Final = ("components", "policies", "provider", "stacks", "tenantry")
FILES: Final = ("Pulumi.yaml", "pyproject.toml", "uv.lock")
EMBEDDED_FOLDER: Final = "local"  # engine and plugins of the embedded default


def is_program(path: str) -> bool:
    """Tells it of a path that begins at the project's folder."""
    return path in FILES or path.partition("/")[0] in FOLDERS
