"""Connection settings of a stack's systems, for the commands that reach them beside its program.

In embedded stacks the environment says it first. In all others the stack's configuration alone does, as for the program
(stacks/config.py): a shell's variables may be those of another installation. The nightly backup has no configuration to
decrypt: its pod gets the variables from the stack, and with them the name of that stack.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from tenantry.engine.errors import CommandError
from tenantry.engine.process.pulumi_cli import Cli
from tenantry.engine.stack.embedded import counts


def environment_of_program(cli: Cli, stack: str) -> Mapping[str, str]:
    """The variables that count for the stack: none outside embedded ones."""
    return cli.environment if counts(cli.environment, stack) else {}


def given(cli: Cli, stack: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Setting -> value, empty where there is none; `variables` names the variable of each setting."""
    environment = environment_of_program(cli, stack)
    values = {key: environment.get(variable, "") for key, variable in variables.items()}
    if all(values.values()):
        return values
    configured = _configured(cli, stack)
    return {key: value or configured.get(key, "") for key, value in values.items()}


def _configured(cli: Cli, stack: str) -> Mapping[str, str]:
    """The stack's configuration, decrypted, with the defaults of Pulumi.yaml."""
    answer = cli.ask("config", "--stack", stack, "--show-secrets", "--json")
    try:
        entries = cast("dict[str, dict[str, Any]]", json.loads(answer.out))
    except ValueError:
        raise CommandError(f"the configuration of the stack `{stack}` cannot be read", answer.complaint) from None
    return {key.rpartition(":")[2]: str(entry.get("value", "")) for key, entry in entries.items()}
