"""The exit code of a command, and what is said, when the engine has ended."""

from tenantry.engine.errors import ExitCode
from tenantry.engine.process.advice import in_our_words
from tenantry.engine.run.engine_process import EngineResult
from tenantry.engine.run.progress import Finding


def exit_code_of(ended: EngineResult) -> ExitCode:
    if ended.is_interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if ended.code else ExitCode.OK


def remark_of(ended: EngineResult, errors: list[Finding]) -> str:
    """The engine refuses some things before its first event, and then says so only on its standard error."""
    if ended.code < 0:
        return f"the engine was killed (signal {-ended.code}): run it again, what was interrupted is recovered then"
    if ended.is_interrupted:
        return "stopped as you asked; run again to go on"
    if not ended.code or errors:
        return ""
    said = in_our_words(ended.output.strip())
    return "\n".join(line for line in said.splitlines() if line.strip())[-4000:]
