"""A run without the policy pack, or without the stack's configuration of it: it would apply what `tenantry preview`
refuses. In production it is refused.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pulumi

from stacks.config import ROOT, StackConfig
from stacks.guards.engine_command import EngineCommand, engine_command
from tenantry.engine.stack.policy_pack import configuration, configurations

ALLOWED: Final = "TENANTRY_WITHOUT_POLICIES"  # names the one stack that may be changed without the pack, for one run
PACK_OPTION: Final = "policy-pack"
CONFIGURATION_OPTION: Final = "policy-pack-config"
PACK: Final = ROOT / "policies"
UNDECLARED: Final = ("destroy", "down", "dn", "refresh")  # commands that make nothing of what the program declares


def refuse_unchecked(
    config: StackConfig, environment: Mapping[str, str], command: EngineCommand | None = None, root: Path = ROOT
) -> None:
    """Warns when the run has not our policy pack as the stack is held to it. Raises RunError where it would change a
    stack that is not embedded.

    `command` is the engine's; read from the processes above this one when not given. `root`: Pulumi.yaml's folder.
    """
    engine = engine_command() if command is None else command
    if engine.subcommand in UNDECLARED:
        return
    problem = _fault(engine, config, root)
    if problem is None:
        return
    stack = config.stack
    options = f"--{PACK_OPTION} {PACK.name}"
    if not config.embedded:
        options += f" --{CONFIGURATION_OPTION} {configuration(root, stack) or ' or '.join(configurations(stack))}"
    remedy = f"run `tenantry up --stack {stack}`, or add `{options}` in the folder of Pulumi.yaml"
    if config.embedded or pulumi.runtime.is_dry_run() or environment.get(ALLOWED) == stack:
        pulumi.log.warn(f"{problem}: {remedy}")
        return
    raise pulumi.RunError(f"nothing was changed: {problem}: {remedy}; to do without, this once, set {ALLOWED}={stack}")


def has_pack(engine: EngineCommand) -> bool:
    """Tells whether one of the run's packs is the one that lies beside this program: of the same version, then."""
    return _place_of_pack(engine) is not None


def has_configuration(engine: EngineCommand, root: Path, stack: str) -> bool:
    """Tells whether our pack has the configuration that `tenantry up` gives it: without it registries, digests and
    egress are free.
    """
    place, ours = _place_of_pack(engine), configuration(root, stack)
    given = engine.values(CONFIGURATION_OPTION)  # the engine takes as many as there are packs, in their order
    if place is None or ours is None or place >= len(given):
        return False
    return (engine.folder / given[place]).resolve() == (root / ours).resolve()


def _fault(engine: EngineCommand, config: StackConfig, root: Path) -> str | None:
    if not has_pack(engine):
        others = ", ".join(engine.values(PACK_OPTION))
        return (
            f"the policy pack does not run{f' ({others} is another one)' if others else ''}: "
            f"nobody checks what tenants of `{config.stack}` may reach, starve or imitate"
        )
    if not config.embedded and not has_configuration(engine, root, config.stack):
        return f"the policy pack has not the configuration of `{config.stack}`: registries, digests and egress are free"
    return None


def _place_of_pack(engine: EngineCommand) -> int | None:
    ours = PACK.resolve()
    packs = engine.values(PACK_OPTION)
    return next((place for place, path in enumerate(packs) if (engine.folder / path).resolve() == ours), None)
