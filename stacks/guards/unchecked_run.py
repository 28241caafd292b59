"""A run without the policy pack: it would apply what `tenantry preview` refuses. In production it is refused."""

from collections.abc import Mapping
from typing import Final

import pulumi

from stacks.config import ROOT, StackConfig
from stacks.guards.engine_command import EngineCommand, engine_command

ALLOWED: Final = "TENANTRY_WITHOUT_POLICIES"  # names the one stack that may be changed without the pack, for one run
PACK_OPTION: Final = "policy-pack"
PACK: Final = ROOT / "policies"
UNDECLARED: Final = ("destroy", "refresh")  # commands that make nothing of what the program declares


def refuse_unchecked(config: StackConfig, environment: Mapping[str, str], command: EngineCommand | None = None) -> None:
    """Warns when the run has not our policy pack. Raises RunError where it would change a stack that is not embedded.

    `command` is the engine's; read from the processes above this one when not given.
    """
    engine = engine_command() if command is None else command
    if has_pack(engine) or engine.subcommand in UNDECLARED:
        return
    stack = config.stack
    others = ", ".join(engine.values(PACK_OPTION))
    wrong = (
        f"the policy pack does not run{f' ({others} is another one)' if others else ''}: "
        f"nobody checks what tenants of `{stack}` may reach, starve or imitate"
    )
    remedy = f"run `tenantry up --stack {stack}`, or add `--{PACK_OPTION} {PACK.name}` in the folder of Pulumi.yaml"
    if config.embedded or pulumi.runtime.is_dry_run() or environment.get(ALLOWED) == stack:
        pulumi.log.warn(f"{wrong}: {remedy}")
        return
    raise pulumi.RunError(f"nothing was changed: {wrong}: {remedy}; to do without, this once, set {ALLOWED}={stack}")


def has_pack(engine: EngineCommand) -> bool:
    """Tells whether one of the run's packs is the one that lies beside this program: of the same version, then."""
    ours = PACK.resolve()
    return any((engine.folder / path).resolve() == ours for path in engine.values(PACK_OPTION))
