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
SETTING: Final = ("config", "config-file")
# The engine's options that take the next argument for their value, of all commands that run a program.
VALUED: Final = frozenset(
    {
        *("client", "color", "config", "config-file", "cwd", "event-log", "exclude", "exec-agent", "exec-kind"),
        *("import-file", "import-pending-creates", "memprofilerate", "message", "otel-traces", "output", "parallel"),
        *("path", "plan", "policy-pack", "policy-pack-config", "profiling", "replace", "save-plan", "secrets-provider"),
        *("stack", "target", "target-replace", "tracing", "verbose"),
    }
)
VALUED_LETTERS: Final[Mapping[str, str]] = {
    **{"c": "config", "C": "cwd", "m": "message", "p": "parallel"},
    **{"s": "stack", "t": "target", "v": "verbose", "x": "exclude"},
}
# Those that every command has and that stand alone. Before its command the engine takes all others for valued ones.
ALONE: Final = frozenset(
    {
        *("-e", "--emoji", "-Q", "--fully-qualify-stack-names", "-h", "--help"),
        *("--disable-integrity-checking", "--logflow", "--logtostderr", "--non-interactive"),
    }
)


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """Arguments and environment of an engine process."""

    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    folder: Path = Path()  # where it works: its relative paths count from there

    @property
    def subcommand(self) -> str:
        """`up`, `preview`, `destroy`: the first word behind the program that is no option's value."""
        rest = iter(self.arguments[1:])
        for argument in rest:
            if not argument.startswith("-"):
                return argument
            if _takes_next(argument) and argument not in ALONE:
                next(rest, None)
        return ""

    @property
    def is_partial(self) -> bool:
        """Tells whether the run leaves resources out: those keep the state that they had."""
        return any(name in TARGETING for name, _ in self._options()) or any(
            self.environment.get(_variable(option)) for option in TARGETING
        )

    @property
    def has_other_settings(self) -> bool:
        """Tells whether the run goes by settings beside those of the stack's own file."""
        return any(name in SETTING for name, _ in self._options()) or any(
            self.environment.get(_variable(option)) for option in SETTING
        )

    def values(self, option: str) -> tuple[str, ...]:
        """All values of an option that takes a list, such as `policy-pack`: they add up, and commas part them."""
        given = [value for name, value in self._options() if name == option]
        if not given:  # the command line goes first
            given = [self.environment.get(_variable(option), "")]
        return tuple(part for value in given for part in value.split(",") if part)

    def _options(self) -> Iterator[tuple[str, str]]:
        """The long name of each option and its value, as the engine reads them: a value is never an option."""
        rest = iter(self.arguments[1:])
        for argument in rest:
            if argument == "--":
                return
            name, _, value = argument.removeprefix("--").partition("=")
            if argument.startswith("--"):
                yield name, next(rest, "") if name in VALUED and "=" not in argument else value
            elif argument.startswith("-"):
                letter, value = _valued_letter(argument)
                if letter is not None:
                    yield VALUED_LETTERS[letter], value or next(rest, "")


def engine_command() -> EngineCommand:
    """The nearest engine above this process; one without arguments where there is none, or it cannot be seen."""
    return next(_engines_above(), EngineCommand())


def _engines_above() -> Iterator[EngineCommand]:
    pid = os.getpid()
    while pid > 1 and (ancestor := process(pid)) is not None:
        if ancestor.name == ENGINE:
            yield EngineCommand(ancestor.arguments, environment_of(pid), _folder_of(pid))
        pid = ancestor.parent


def _folder_of(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:  # another user's: then its relative paths lead nowhere
        return Path("/nonexistent")


def _takes_next(argument: str) -> bool:
    """Tells whether the next argument may be the value of this option: it names one alone, without `=`."""
    return "=" not in argument and (argument.startswith("--") or len(argument) == len("-x"))


def _valued_letter(argument: str) -> tuple[str | None, str]:
    """The first letter of `-yt` that takes a value, and what follows it in the same argument; None without one."""
    letters = argument.removeprefix("-")
    for index, letter in enumerate(letters):
        if letter in VALUED_LETTERS:
            return letter, letters[index + 1 :].removeprefix("=")
        if letters[index + 1 : index + 2] == "=":  # `-r=true`: the rest is a switch's value
            break
    return None, ""


def _variable(option: str) -> str:
    return f"PULUMI_OPTION_{option.replace('-', '_').upper()}"
