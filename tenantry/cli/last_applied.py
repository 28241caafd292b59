"""The documents that a stack applied last, read from its state."""

from pathlib import Path

from tenantry.reports.baseline import BaselineUnavailable, from_resources
from tenantry.reports.plan_diff import Document


def from_stack(stack: str, cwd: Path) -> dict[str, Document]:
    """The documents of tenants as the stack applied them last."""
    # The engine's part takes a while to load, and files are compared without it.
    from tenantry.cli.run_view import PlainView
    from tenantry.engine.errors import CommandError
    from tenantry.engine.run.operations import Operation
    from tenantry.engine.stack.project import Project
    from tenantry.engine.state.stack_state import NoStack

    try:
        deployment = Operation(Project.find(cwd), stack, PlainView()).records.existing()
    except NoStack as refusal:
        raise BaselineUnavailable(f"{refusal.problem}: choose another, or compare with files by --against") from None
    except CommandError as refusal:
        raise BaselineUnavailable(str(refusal)) from None
    return from_resources(deployment.resources)
