"""The output of a run: live on a terminal, plain lines in a log; the summary and the tables at the end."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tenantry.cli.stack_status import Status
from tenantry.engine.run.onboarding_recorder import behind
from tenantry.engine.run.operations import Outcome
from tenantry.engine.run.progress import Finding, Progress, StepState
from tenantry.engine.stack.urns import ResourceOwner, name_of
from tenantry.engine.state.tenant_rows import COLUMNS, Row

PLAIN_SECONDS = 3.0  # between two lines of progress where there is no terminal
_PLAIN_TENANTS = 5  # on one line of progress
_WIDE = 200  # columns where no terminal says how wide it is: what is piped must not be cut
_STYLES = {"✓": "green", "✗": "bold red", "…": "yellow"}
_KEEP_OPEN = 6  # lines of a terminal that stay free of tenants


class PlainView:
    """Lines for a log: one every few seconds, and every finding when it comes."""

    def __init__(self) -> None:
        self._next = 0.0
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def report(self, finding: Finding, is_error: bool) -> None:
        self.say(f"{'error' if is_error else 'warning'}: {finding}")

    def tick(self, progress: Progress, seconds: float) -> None:
        if seconds < self._next:
            return
        self._next = seconds + PLAIN_SECONDS
        line = f"{progress.done}/{progress.total} resources" + "".join(f"  {part}" for part in _active(progress))
        if line != self._last and progress.done:
            self._last = line
            self.say(f"[{seconds:4.0f} s] {line}")


class LiveView:
    """A table that follows the run; findings stay above it."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True)
        self._drawn = 0.0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        self._console.print(Text(text))

    def report(self, finding: Finding, is_error: bool) -> None:
        label = Text("error: ", "bold red") if is_error else Text("warning: ", "yellow")
        self._console.print(label + Text(str(finding)))

    def tick(self, progress: Progress, seconds: float) -> None:
        if time.monotonic() - self._drawn < 1 / 8:
            return
        self._drawn = time.monotonic()
        self._live.update(self._table(progress, seconds))

    def _table(self, progress: Progress, seconds: float) -> RenderableType:
        rows = _by_tenant(progress)
        room = max(self._console.height - _KEEP_OPEN, 3)
        # What is at work or has failed goes first when not everything fits.
        shown = sorted(rows, key=lambda tenant: (all(state.glyph == "✓" for _, state in rows[tenant]), tenant))[:room]
        grid = Table.grid(padding=(0, 2))
        for tenant in sorted(shown):
            cells = Text("  ").join(
                Text(f"{step} ") + Text(state.glyph, _STYLES[state.glyph]) for step, state in rows[tenant]
            )
            grid.add_row(Text(tenant, "bold"), cells)
        hidden = f", {len(rows) - len(shown)} more not shown" if len(rows) > len(shown) else ""
        return Group(grid, Text(f"{progress.done}/{progress.total} resources, {seconds:.0f} s{hidden}", "dim"))


def show_outcome(outcome: Outcome, is_preview: bool) -> None:
    """The end of a run: what changed, what failed and what did not, the tenants."""
    console = _console()
    if is_preview:
        _show_changes(console, outcome.progress)
    counts = outcome.progress.counts()
    verb = "to be " if is_preview else ""
    parts = [f"{count} {'' if name == 'unchanged' else verb}{name}" for name, count in counts.items() if count]
    if outcome.progress.summary is None:
        parts = [f"ended early, {outcome.progress.done} resources looked at"]
    line = f"{', '.join(parts) or 'nothing to do'} in {outcome.seconds:.1f} s"
    console.print(Text(line, "bold" if not outcome.code else "bold red"))
    if outcome.tenants:
        console.print(tenant_table(outcome.tenants))
    _show_failure(console, outcome, is_preview)
    if outcome.reminder:
        console.print(Text(outcome.reminder, "yellow"))


def show_status(status: Status) -> None:
    """A stack at rest."""
    console = _console()
    if status.tenants:
        console.print(_status_table(status))
    last = f"last run: {status.last_kind} {status.last_result}, " if status.last_kind else ""
    console.print(
        Text(f"{len(status.tenants)} tenant(s), {status.resources} resources; {last}changed {status.last_time}")
    )
    _show_openings(console, status)
    if status.reminder:
        console.print(Text(status.reminder, "yellow"))
    for operation in status.pending:
        kind, _, urn = operation.partition(" ")
        console.print(Text(f"interrupted while {kind}: {name_of(urn)} (the next `tenantry up` recovers it)", "yellow"))
    if status.silent:
        console.print(Text(f"not running: {', '.join(status.silent)}: run `make up`", "yellow"))
    for lock in status.locks:
        console.print(Text(f"locked by {lock}", "yellow"))


def tenant_table(rows: list[Row], more: Mapping[str, Sequence[str]] | None = None) -> Table:
    """One line a tenant; `more`: further columns, each with a cell a row."""
    more = more or {}
    table = Table(*COLUMNS, *more, box=None, header_style="bold", pad_edge=False)
    for number, row in enumerate(rows):
        cells = [str(getattr(row, column)) for column in COLUMNS]
        table.add_row(*(Text(cell) for cell in [*cells, *(column[number] for column in more.values())]))
    return table


def _status_table(status: Status) -> Table:
    """With how far each opening is, and the version of each schema."""
    openings = [status.openings.get(row.code) for row in status.tenants]
    return tenant_table(
        status.tenants,
        {
            "resources": [str(row.resources) for row in status.tenants],
            "opening": [str(opening or "") for opening in openings],
            "schema": [
                "" if opening is None or opening.schema is None else f"{opening.schema:04}" for opening in openings
            ],
        },
    )


def _show_openings(console: Console, status: Status) -> None:
    for opening in status.openings.values():
        if opening.error:
            console.print(Text(f"{opening.tenant}: opening failed at {opening.error}", "red"))
    if late := behind(status.openings, status.newest):
        some = ", ".join(late[:_PLAIN_TENANTS]) + (" ..." if len(late) > _PLAIN_TENANTS else "")
        console.print(Text(f"schema older than {status.newest:04}: {some} (`tenantry migrate` rolls it out)", "yellow"))
    if status.remark:
        console.print(Text(status.remark, "yellow"))


def _others(outcome: Outcome, is_preview: bool) -> Iterator[str]:
    """The tenants without a fault of their own: those that are done, and those that were not reached."""
    if done := outcome.progress.converged:
        verb = "can converge" if is_preview else "converged"
        yield f"{len(done)} other tenant(s) {verb}; run again when the cause is gone"
    if rest := outcome.unfinished:
        verb = "not looked at to the end" if is_preview else "not brought to the end"
        yield f"{verb}: {_some(rest)}: run again when the cause is gone"


def _some(codes: Sequence[str]) -> str:
    return ", ".join(codes[:_PLAIN_TENANTS]) + (
        f" and {len(codes) - _PLAIN_TENANTS} more" if len(codes) > _PLAIN_TENANTS else ""
    )


def _show_failure(console: Console, outcome: Outcome, is_preview: bool) -> None:
    if not outcome.code:
        return
    for tenant, steps in outcome.progress.failed_tenants.items():
        console.print(Text(f"{tenant}: failed at {', '.join(step or 'itself' for step in steps)}", "red"))
    for line in _others(outcome, is_preview):
        console.print(Text(line))
    if outcome.remark:
        console.print(Text(outcome.remark, "red"))
    if outcome.log is not None:
        console.print(Text(f"everything that was said: {outcome.log}", "dim"))


def _show_changes(console: Console, progress: Progress) -> None:
    place: ResourceOwner | None = None
    for change in sorted(progress.changes, key=lambda change: (change.place, change.urn)):
        if change.place != place:
            place = change.place
            console.print(Text(str(place), "bold"))
        properties = f" ({', '.join(change.properties)})" if change.properties else ""
        console.print(Text(f"  {change.operation} {name_of(change.urn)}{properties}"))


def _by_tenant(progress: Progress) -> dict[str, list[tuple[str, StepState]]]:
    steps: dict[str, list[tuple[str, StepState]]] = {}
    for place, state in sorted(progress.steps.items(), key=lambda item: item[0]):
        steps.setdefault(place.tenant or "platform", []).append((place.step or "other", state))
    return steps


def _active(progress: Progress) -> list[str]:
    """`k003 database …` for who is at work or has failed, a number for the rest of those that changed."""
    at_work: list[str] = []
    done = 0
    for tenant, steps in sorted(_by_tenant(progress).items()):
        if all(state.glyph == "✓" for _, state in steps):
            done += any(state.has_changed for _, state in steps)
        elif any(state.has_changed for _, state in steps):
            at_work.append(
                tenant + " " + " ".join(f"{step} {state.glyph}" for step, state in steps if state.glyph != "✓")
            )
    more = [f"and {len(at_work) - _PLAIN_TENANTS} more"] if len(at_work) > _PLAIN_TENANTS else []
    return [*at_work[:_PLAIN_TENANTS], *more, *([f"{done} ✓"] if done else [])]


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
