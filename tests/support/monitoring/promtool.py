"""promtool: checks and evaluates what Prometheus is given.

Its version is fixed by tests/tenantry/watch/promtool/go.sum. Without the discovery of targets, which no rule needs,
a first build takes half as long.
"""

import subprocess
from pathlib import Path
from typing import Final

from tests.support.monitoring.go_tools import MODULES, GoTools

PROMETHEUS: Final = GoTools(
    "prometheus", MODULES / "promtool", "github.com/prometheus/prometheus", ("promtool", "prometheus"), "remove_all_sd"
)


def promtool(*arguments: str, folder: Path) -> str:
    """The tool's complaint; empty when it finds no fault."""
    done = subprocess.run(
        [PROMETHEUS.tool("promtool"), *arguments], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    return (done.stdout + done.stderr or f"exit code {done.returncode}") if done.returncode else ""
