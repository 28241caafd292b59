"""A run without the policy pack: it would apply what `tenantry preview` refuses. In production it is refused.

Pulumi does not tell a program of the packs that a run has, so the engine's own command line is read: the program is a
descendant of it.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pulumi

from stacks.config import StackConfig
from tenantry.engine.process.process_table import process

ALLOWED: Final = "TENANTRY_WITHOUT_POLICIES"  # names the one stack that may be changed without the pack, for one run
PACK_OPTION: Final = "--policy-pack"
ENGINE: Final = "pulumi"
UNDECLARED: Final = ("destroy", "refresh")  # commands that make nothing of what the program declares


def refuse_unchecked(config: StackConfig, environment: Mapping[str, str], command: Sequence[str] | None = None) -> None:
    """Warns when the run has no policy pack. Raises RunError where it would change a stack that is not embedded.

    `command` is the engine's command line; read from the processes above this one when not given.
    """
    arguments = engine_command() if command is None else command
    if has_pack(arguments) or subcommand(arguments) in UNDECLARED:
        return
    stack = config.stack
    wrong = f"the policy pack does not run: nobody checks what tenants of `{stack}` may reach, starve or imitate"
    remedy = f"run `tenantry up --stack {stack}`, or add `{PACK_OPTION} policies`"
    if config.embedded or pulumi.runtime.is_dry_run() or environment.get(ALLOWED) == stack:
        pulumi.log.warn(f"{wrong}: {remedy}")
        return
    raise pulumi.RunError(f"nothing was changed: {wrong}: {remedy}; to do without, this once, set {ALLOWED}={stack}")


def has_pack(arguments: Sequence[str]) -> bool:
    return any(argument == PACK_OPTION or argument.startswith(f"{PACK_OPTION}=") for argument in arguments)


def subcommand(arguments: Sequence[str]) -> str:
    """`up`, `preview`, `destroy`: the first word behind the program."""
    return next((argument for argument in arguments[1:] if not argument.startswith("-")), "")


def engine_command() -> Sequence[str]:
    """The command line of the nearest engine above this process; empty where there is none, or it cannot be seen."""
    return next((arguments for arguments in _above() if Path(arguments[0]).name == ENGINE), ())


def _above() -> Iterator[Sequence[str]]:
    pid = os.getpid()
    while pid > 1 and (found := process(pid)) is not None:
        if found.arguments:
            yield found.arguments
        pid = found.parent
