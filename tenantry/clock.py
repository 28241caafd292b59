"""Which day it is for a stack: only embedded stacks and tests may choose one, or 30 days could pass in a moment."""

from datetime import UTC, date, datetime

from tenantry.engine.project import Project
from tenantry.engine.refusal import Refusal
from tenantry.engine.surroundings import EMBEDDED_STACKS


def today(project: Project, stack: str) -> date:
    """Raises Refusal for a day set where none may be."""
    told = project.setting(stack, "today")
    if told is None:
        return datetime.now(UTC).date()
    if EMBEDDED_STACKS.fullmatch(stack) is None:
        raise Refusal("tenantry:today is refused outside local and test stacks", "remove it")
    try:
        return date.fromisoformat(told)
    except ValueError:
        raise Refusal(f"tenantry:today is no date: {told}", "write it as 2026-10-01") from None
