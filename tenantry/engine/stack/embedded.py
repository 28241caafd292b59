"""The stacks on the embedded default, or of tests: nothing that is real is at stake in them."""

import re
from collections.abc import Mapping
from typing import Final

EMBEDDED_STACK: Final = "local"
# They read endpoints from the environment and may set their own day.
EMBEDDED_STACKS: Final = re.compile(r"(local|test)(-[a-z0-9-]+)?")
SYSTEMS_OF: Final = "TENANTRY_SYSTEMS_OF"  # names the one stack whose systems the environment's variables are


def counts(environment: Mapping[str, str], stack: str) -> bool:
    """Tells whether the variables of the environment are those of the stack's systems."""
    return EMBEDDED_STACKS.fullmatch(stack) is not None or environment.get(SYSTEMS_OF) == stack
