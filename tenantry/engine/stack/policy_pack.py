"""The policy pack and its configuration, as the engine is told of them."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.embedded import EMBEDDED_STACKS

POLICIES: Final = "policies"


def arguments(root: Path, stack: str, say: Callable[[str], None]) -> tuple[str, ...]:
    """Raises Refusal where tenants are real and the pack, or what it holds them against, is missing."""
    embedded = EMBEDDED_STACKS.fullmatch(stack) is not None
    if not (root / POLICIES / "PulumiPolicy.yaml").is_file():
        if not embedded:
            raise CommandError(f"no policy pack in {POLICIES}/: nothing would be checked", "run it in a whole checkout")
        say(f"no policy pack in {POLICIES}/: nothing is checked")
        return ()
    pack = ("--policy-pack", POLICIES)
    if (file := configuration(root, stack)) is not None:
        return (*pack, "--policy-pack-config", file)
    if not embedded:
        files = " or ".join(configurations(stack))
        raise CommandError(
            f"no configuration of the policies for the stack `{stack}`: registries, digests and egress would be free",
            f"write {files} (docs/isolation.md)",
        )
    return pack


def configuration(root: Path, stack: str) -> str | None:
    """The configuration that a run of the stack has, as a path from the project's folder; None without one."""
    return next((file for file in configurations(stack) if (root / file).is_file()), None)


def configurations(stack: str) -> Iterator[str]:
    """Configurations of the stack itself, else of the stack that its name begins with: the cell `prod-c02` has those of
    `prod`.
    """
    words = itertools.accumulate(stack.split("-"), lambda before, word: f"{before}-{word}")
    yield from (f"{POLICIES}/{name}.json" for name in reversed(list(words)))
