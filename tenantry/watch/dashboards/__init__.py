"""Dashboards of the fleet, a stack and a tenant: the JSON beside this file is generated, and reviewed."""

from importlib.resources import files
from typing import Final

NAMES: Final = ("fleet", "stack", "tenant")


def dashboard_json(name: str) -> str:
    """The document that Grafana reads."""
    return files("tenantry.watch.dashboards").joinpath(f"{name}.json").read_text("utf-8")
