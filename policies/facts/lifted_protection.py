"""Lifted protection: said in a file that was reviewed, for a whole stack or for one tenant that is removed.

The one place where a rule looks beyond a resource's properties, since those cannot tell a purge from a mistake. It is
asked only for what is not protected.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

from policies.facts.plan_figures import Folder
from policies.model.values import UnexpectedShape, at

ROOT: Final = Path(__file__).resolve().parents[2]


def lifted(stack: str, code: str | None, root: Path = ROOT, tenants: Path | None = None) -> bool:
    """`tenantry:allowDestroy` names the stack, or the tenant's file says purged and names the proof of a backup.

    The files are in the folder of the stack's tenants, unless another is named.
    """
    if _value(root / f"Pulumi.{stack}.yaml", "config", "tenantry:allowDestroy") == stack:
        return True
    if code is None:
        return False
    file = (tenants or Folder.tenants) / f"{code}.yaml"
    return _value(file, "status") == "purged" and bool(_value(file, "proof"))


@cache
def _value(file: Path, *path: str) -> Any:
    """None where there is no such file or no such value."""
    import yaml  # rarely needed

    try:
        return at(yaml.safe_load(file.read_text("utf-8")), *path)
    except (OSError, yaml.YAMLError, UnexpectedShape):
        return None
