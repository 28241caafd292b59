"""The command line of the engine that runs this program: Pulumi does not tell a program what its run was asked for.

The program is a descendant of the engine. Each option may also come from the engine's environment
(`PULUMI_OPTION_TARGET` for `--target`).
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tenantry.engine.process.process_table import environment_of, process

ENGINE: Final = "pulumi"
TARGETING: Final = ("target", "target-replace", "target-dependents", "exclude", "exclude-dependents")
_TARGET_LETTER: Final = "t"
_LETTERS_WITH_VALUE: Final = "cCmprsv"  # what follows one of these in the same argument is its value


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """One engine process."""

    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    folder: Path = Path()  # where it works: its relative paths count from there

    @property
    def subcommand(self) -> str:
        """`up`, `preview`, `destroy`: the first word behind the program."""
        return next((argument for argument in self.arguments[1:] if not argument.startswith("-")), "")

    @property
    def is_partial(self) -> bool:
        """Tells whether the run leaves resources out: those keep the state that they had."""
        return any(map(_is_targeting, self.arguments[1:])) or any(
            self.environment.get(_variable(option)) for option in TARGETING
        )

    def values(self, option: str) -> tuple[str, ...]:
        """All values of an option that takes a list, such as `policy-pack`: they add up, and commas part them."""
        prefix = f"--{option}="
        following = zip(self.arguments, self.arguments[1:], strict=False)
        given = [value for name, value in following if name == f"--{option}"]
        given += [argument.removeprefix(prefix) for argument in self.arguments if argument.startswith(prefix)]
        if not given:  # the command line goes first
            given = [self.environment.get(_variable(option), "")]
        return tuple(part for value in given for part in value.split(",") if part)


def engine_command() -> EngineCommand:
    """The nearest engine above this process; one without arguments where there is none, or it cannot be seen."""
    return next(_engines_above(), EngineCommand())


def _engines_above() -> Iterator[EngineCommand]:
    pid = os.getpid()
    while pid > 1 and (found := process(pid)) is not None:
        if found.name == ENGINE:
            yield EngineCommand(found.arguments, environment_of(pid), _folder_of(pid))
        pid = found.parent


def _folder_of(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:  # another user's: then its relative paths lead nowhere
        return Path("/nonexistent")


def _is_targeting(argument: str) -> bool:
    if argument.startswith("--"):
        return argument.removeprefix("--").partition("=")[0] in TARGETING
    for letter in argument.removeprefix("-") if argument.startswith("-") else "":
        if letter == _TARGET_LETTER:
            return True
        if letter in _LETTERS_WITH_VALUE:
            return False
    return False


def _variable(option: str) -> str:
    return f"PULUMI_OPTION_{option.replace('-', '_').upper()}"
