"""Which day it is for a stack: only embedded stacks and tests may choose one, or 30 days could pass in a moment."""

import re
from datetime import UTC, date, datetime
from typing import Final

from tenantry.engine.project import Project
from tenantry.engine.refusal import Refusal

# Stacks on the embedded default and of tests: they read endpoints from the environment and may set their own day.
EMBEDDED: Final = re.compile(r"(local|test)(-[a-z0-9-]+)?")


def today(project: Project, stack: str) -> date:
    """Raises Refusal for a day set where none may be."""
    told = project.setting(stack, "today")
    if told is None:
        return datetime.now(UTC).date()
    if EMBEDDED.fullmatch(stack) is None:
        raise Refusal("tenantry:today is refused outside local and test stacks", "remove it")
    try:
        return date.fromisoformat(told)
    except ValueError:
        raise Refusal(f"tenantry:today is no date: {told}", "write it as 2026-10-01") from None
