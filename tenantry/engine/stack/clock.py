"""Today's date in UTC, for everybody, so that no two commands of one moment go by different ones.

For a stack only embedded ones and tests may choose another, or 30 days could pass in a moment.
"""

from datetime import UTC, date, datetime

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.embedded import EMBEDDED_STACKS
from tenantry.engine.stack.project import Project


def utc_day() -> date:
    """Wherever it runs: a runner's day and that of a person at a desk in China differ for eight hours of each."""
    return datetime.now(UTC).date()


def today(project: Project, stack: str) -> date:
    """Raises Refusal for a day set where none may be."""
    setting = project.setting(stack, "today")
    if setting is None:
        return utc_day()
    if EMBEDDED_STACKS.fullmatch(stack) is None:
        raise CommandError("tenantry:today is refused outside local and test stacks", "remove it")
    try:
        return date.fromisoformat(setting)
    except ValueError:
        raise CommandError(f"tenantry:today is no date: {setting}", "write it as 2026-10-01") from None
