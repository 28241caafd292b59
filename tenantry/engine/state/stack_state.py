"""Reads and writes the engine's record of a stack, by its own commands or from its file, and recovers it."""

import json
import re
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tenantry.engine.clients.alibaba_rpc import keys_of
from tenantry.engine.errors import CommandError, ExitCode
from tenantry.engine.process.advice import in_our_words
from tenantry.engine.process.events import failures_by_urn, read_all
from tenantry.engine.process.pulumi_cli import SHORT_SECONDS, Answer, Cli
from tenantry.engine.stack.embedded import EMBEDDED_STACKS
from tenantry.engine.state.deployment import Deployment, Record, is_real
from tenantry.engine.state.recovery import UNREAD, ExternalLookups, Recovery, finish, interrupted, plan, suspect
from tenantry.engine.state.state_files import FileState
from tenantry.parsing.json_narrowing import Tree

REFRESH_SECONDS = 900.0  # for all that was interrupted: a few seconds each when a cloud throttles
# The whole line by which the engine says each. Nothing less: "not found" stands in errors of object storage as well.
_MISSING = re.compile(r"^(?:error: )?no stack named '[^'\n]+' found$", re.MULTILINE)
_ALREADY = re.compile(r"^(?:error: )?stack '[^'\n]+' already exists$", re.MULTILINE)


class NoStack(CommandError):
    """Nothing has been made yet."""


def refuse_missing(files: FileState | None, stack: str) -> None:
    """Raises NoStack for an embedded stack that was never made: its systems would be those that the shell names."""
    if files is not None and files.path is None and EMBEDDED_STACKS.fullmatch(stack):
        raise no_stack(stack)


def no_stack(stack: str) -> NoStack:
    return NoStack(
        f"there is no stack `{stack}` in this state",
        f"name another with --stack; `tenantry up --stack {stack}` makes it",
    )


@dataclass(frozen=True)
class StackState:
    """One stack's record."""

    cli: Cli
    stack: str
    files: FileState | None
    unlock: Callable[[str], bool]  # told the engine's refusal: whether its lock was a dead engine's and is gone

    def read(self) -> Deployment | None:
        """The record for looking at, None without such a stack. From its file if possible: 50 times faster."""
        if self.files is not None:
            if self.files.path is None:
                return None
            if (document := self.files.document()) is not None:
                return Deployment(document)
        try:
            return Deployment(self._export()["deployment"])
        except NoStack:
            return None

    def existing(self) -> Deployment:
        """The record for looking at. Raises NoStack where there is no such stack."""
        if (deployment := self.read()) is None:
            raise no_stack(self.stack)
        return deployment

    def make(self, provider: str | None = None) -> bool:
        """Makes the stack if there is none; says whether it did.

        With the secrets provider that its file names: the engine would put a passphrase in its place.
        """
        if self.files is not None and self.files.path is not None:
            return False
        chosen = ("--secrets-provider", provider) if provider else ()
        answer = self.cli.ask("stack", "init", self.stack, "--no-select", *chosen)
        if answer.code and _ALREADY.search(answer.err) is None:
            raise CommandError(
                f"the stack `{self.stack}` cannot be made: {answer.complaint}",
                "see the state's address and key",
            )
        return answer.code == 0

    def recover(self, say: Callable[[str], None]) -> Recovery:
        """Brings interrupted operations to an end."""
        current = self.read()
        if current is None or not (interrupted(current) or current.dangling()):
            return Recovery()
        say("an earlier run was interrupted: recovering what it was doing")
        exported = self._export()
        try:
            deployment = Deployment(exported["deployment"])
            recovery = plan(deployment, self._outside)
            deployment.mend()
        except OSError as error:
            raise CommandError(
                f"an interrupted operation cannot be looked up: {error}",
                "run again when it answers; what it refuses is the stack's key: set tenantry:alibabaAccessKey and"
                " alibabaSecretKey (in local stacks ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY)",
            ) from error
        self._import(exported)
        if recovery.targets:
            failures = self._refresh(recovery.targets)
            exported = self._export()
            if finish(Deployment(exported["deployment"]), recovery, failures):
                self._import(exported)
        return recovery

    def suspect(self, missing: Mapping[str, Record]) -> bool:
        """Has the next recovery look once more for creations that it found unmade; False when that is no use."""
        exported = self._export()
        try:
            is_worth_it = suspect(Deployment(exported["deployment"]), missing, self._outside)
        except (OSError, CommandError):  # whom to ask does not answer: then the run's own errors say more
            return False
        if is_worth_it:
            self._import(exported)
        return is_worth_it

    def doubt(self, deleted: Collection[str]) -> int:
        """Has the next recovery read what could not be deleted: the deletion may have been accepted, and go on.

        Returns how many there are; none for what is protected, which nobody tried to delete.
        """
        if not deleted:
            return 0
        exported = self._export()
        living = [known for urn in deleted if (known := Deployment(exported["deployment"]).living(urn)) is not None]
        doubtful = [record for record in living if is_real(record) and not record.get("protect")]
        for record in doubtful:
            record["initErrors"] = [UNREAD]
        if doubtful:
            self._import(exported)
        return len(doubtful)

    def export(self) -> dict[str, Tree]:
        """The whole record, fit for `put_back`."""
        return self._export()

    def put_back(self, exported: dict[str, Tree]) -> None:
        """Replaces the record by one that was exported before."""
        self._import(exported)

    @cached_property
    def _outside(self) -> ExternalLookups:
        return ExternalLookups(cache(lambda: keys_of(self.cli, self.stack)))

    def _refresh(self, urns: list[str]) -> dict[str, str]:
        """Reads what is there. Returns URN -> reason for what could not be read."""
        with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:
            events = Path(folder) / "events"
            targets = [argument for urn in urns for argument in ("--target", urn)]
            quiet = ("--yes", "--skip-preview", "--suppress-outputs", "--skip-pending-creates")
            command = ("refresh", "--stack", self.stack, *quiet, "--event-log", str(events), *targets)
            answer = self._change(*command, seconds=REFRESH_SECONDS)
            failed = {
                urn: in_our_words(self.cli.redact(why))
                for urn, why in failures_by_urn(read_all(events)).items()
                if urn in urns
            }
        if answer.code and not failed:
            raise CommandError(
                f"what was interrupted cannot be read: {answer.complaint}",
                "repair that, then run again",
                ExitCode.FAILED,
            )
        return failed

    def _export(self) -> dict[str, Tree]:
        answer = self.cli.ask("stack", "export", "--stack", self.stack)
        if answer.code:
            if _MISSING.search(answer.err):
                raise no_stack(self.stack)
            raise CommandError(
                f"the stack's record cannot be read: {answer.complaint}", "see the state's address and key"
            )
        return json.loads(answer.out)

    def _import(self, exported: dict[str, Tree]) -> None:
        answer = self._change("stack", "import", "--stack", self.stack, given=json.dumps(exported))
        if answer.code:
            raise CommandError(
                f"the stack's record cannot be repaired: {answer.complaint}", "run again", ExitCode.FAILED
            )

    def _change(self, *arguments: str, given: str | None = None, seconds: float = SHORT_SECONDS) -> Answer:
        """A command that takes the stack's lock."""
        answer = self.cli.ask(*arguments, given=given, seconds=seconds)
        if answer.code and self.unlock(answer.err):
            answer = self.cli.ask(*arguments, given=given, seconds=seconds)
        return answer
