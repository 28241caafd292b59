"""Controls that hold in all systems alike."""

from typing import Final

from tenantry.model.resources.facts import Control

_SYSTEM: Final = "all"
CONTROLS: Final = (
    Control(
        "data",
        "protected, versioned, never replaced",
        live="the stack's seal; `tests/e2e/whole/test_teardown.py`",
        rules="protection-protect protection-birth protection-force protection-versions",
    ),
    Control(
        _SYSTEM,
        "what was declared is there",
        live="`tenantry up --refresh` makes it again",
        attacks="present.*",
    ),
    Control(
        _SYSTEM,
        "each thing says whose it is",
        live="marks derived from the code alone",
        rules="names-* workload-probes",
        attacks="database.own storage.own cluster.own",
    ),
)
