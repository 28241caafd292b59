"""The engine's own word on the last run of a stack."""

import json
from typing import Any

from tenantry.engine.process.pulumi_cli import Cli


def last_update(cli: Cli, stack: str) -> dict[str, Any]:
    """Kind (update, destroy, refresh), result (succeeded, failed, in-progress) and more; empty before the first one."""
    answer = cli.ask("stack", "history", "--stack", stack, "--json", "--page-size", "1")
    try:
        history: list[dict[str, Any]] = json.loads(answer.out) or []
    except ValueError:
        return {}
    return history[0] if history else {}
