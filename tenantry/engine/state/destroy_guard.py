"""Tells whether a stack may be destroyed: two steps that nobody takes by mistake."""

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.project import Project
from tenantry.engine.state.tenant_rows import Row

SETTING = "allowDestroy"


def check_destroy(project: Project, stack: str, tenants: list[Row], allowed_stack: str | None) -> None:
    """Refuses unless the name was told, and, while tenants live, unless the stack's configuration names it as well."""
    steps = (
        f"two steps: `pulumi config set tenantry:{SETTING} {stack} --stack {stack}` and `tenantry up --stack {stack}` "
        f"(lifts the protection), then `tenantry destroy --stack {stack} --yes-destroy {stack}`"
    )
    if allowed_stack != stack:
        raise CommandError(f"`--yes-destroy {stack}` was not told: nothing is destroyed", steps)
    if tenants and project.setting(stack, SETTING) != stack:
        codes = ", ".join(row.code for row in tenants[:5]) + (", ..." if len(tenants) > 5 else "")
        raise CommandError(
            f"{len(tenants)} tenant(s) live in the stack `{stack}` ({codes}): nothing is destroyed", steps
        )
