"""Reasons to stop, each with the exit code that scripts and CI see and the remedy that a person reads."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of commands that work on a stack: docs/exit-codes.md has all of them."""

    OK = 0
    REFUSED = 1  # nothing was touched
    FAILED = 3  # the engine ran; at least one resource did not converge
    LOCKED = 4  # somebody else works on the stack
    LOST = 7  # something that was there is gone
    INTERRUPTED = 130


class CommandError(Exception):
    """Stops a command: what is wrong, and what to do."""

    def __init__(self, problem: str, remedy: str, code: ExitCode = ExitCode.REFUSED) -> None:
        self.problem = problem
        self.remedy = remedy
        self.code = code
        super().__init__(f"{problem}\n  {remedy}" if remedy else problem)


class StackLocked(CommandError):
    """Another run holds the stack."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy, ExitCode.LOCKED)
