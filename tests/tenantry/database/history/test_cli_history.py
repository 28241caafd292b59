"""`tenantry history`: whose runs it shows, in which form, and what it refuses."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tenantry.cli.app import app
from tenantry.cli.commands.stack import history
from tenantry.cli.commands.stack.history import moment
from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Done, Entry, Result
from tenantry.engine.clients.postgresql import Server

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass
class Operation:
    """A stack whose server is told beforehand."""

    at: Server

    def server(self) -> Server:
        return self.at


@pytest.fixture
def call(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def run(*arguments: str, at: Server | None = None) -> Any:
        monkeypatch.setattr(history, "operation", lambda stack, cwd: Operation(at or server))
        return CliRunner().invoke(app, ["history", *arguments])

    return run


@pytest.fixture
def lived(journal: Callable[..., Journal]) -> None:
    """A life of k001 in three runs, and one of somebody else's."""
    ago = (timedelta(days=9), timedelta(days=8), timedelta(days=2), timedelta(hours=1))
    entries = (
        [Entry("k001", "database", "T", f"k001-{n}", "create") for n in range(3)] + [Entry("k002", "dns", "T", "d", "create")],
        [Entry("k001", "workload", "T", "k001-app", "update", Done.FAILED, ("spec",), "image not found")],
        [Entry("", "dns", "T", "zone", "update")],
        [Entry("k001", "workload", "T", "k001-app", "update", properties=("spec",))],
    )  # fmt: skip
    for since, changes in zip(ago, entries, strict=True):
        page = journal(started_at=datetime.now(UTC) - since)
        for entry in changes:
            page.add(entry)
        page.end(Result.FAILED if any(entry.error for entry in changes) else Result.OK)


def test_a_tenants_life_is_told_newest_first_without_the_others(call: Callable[..., Any], lived: None) -> None:
    runs = json.loads(call("k001", "--json").stdout)["runs"]
    assert [(run["result"], len(run["changes"])) for run in runs] == [("ok", 1), ("failed", 1), ("ok", 3)]
    assert {change["tenant"] for run in runs for change in run["changes"]} == {"k001"}
    assert runs[0]["actor"] == "zhang"
    assert runs[0]["commit"].startswith("0123456789ab")
    assert runs[0]["pipelineRun"] == "https://forge.test/runs/7"


def test_of_all_tenants_there_are_all_runs(call: Callable[..., Any], lived: None) -> None:
    assert len(json.loads(call("--json").stdout)["runs"]) == 4
    assert len(json.loads(call("--json", "--since", "3d").stdout)["runs"]) == 2
    assert len(json.loads(call("--json", "--most", "1").stdout)["runs"]) == 1


def test_people_read_a_line_a_run(call: Callable[..., Any], lived: None) -> None:
    lines = call("k001").stdout.splitlines()
    assert lines[0].split()[:2] == ["started", "(UTC)"]
    assert "k001 update 1" in lines[1]
    assert "k001 update failed 1; image not found" in lines[2]
    assert "k001 create 3" in lines[3]
    assert len(lines) == 4
    assert "k001 workload: update k001-app (spec) failed: image not found" in call("k001", "--changes").stdout


def test_nothing_on_record_is_said(call: Callable[..., Any], lived: None) -> None:
    assert call("k009", "--since", "1d").stdout == "nothing on record of k009 since 1d\n"
    assert json.loads(call("k009", "--json").stdout) == {"runs": []}


@pytest.mark.parametrize("arguments", [["k1"], ["K001"], ["--since", "yesterday"], ["--since", "7x"]])
def test_what_means_nothing_is_refused(call: Callable[..., Any], arguments: list[str]) -> None:
    assert call(*arguments).exit_code in (1, 2)


def test_a_server_that_does_not_answer_is_one_line(call: Callable[..., Any]) -> None:
    done = call(at=Server("127.0.0.1", "1", "nobody", "hidden-password", "disable"))
    assert done.exit_code == 1
    assert "does not answer" in done.stderr
    assert "hidden-password" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("12h", NOW - timedelta(hours=12)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T06:30", datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
        ("2026-11-01T06:30+08:00", datetime(2026, 10, 31, 22, 30, tzinfo=UTC)),
    ],
)
def test_since_takes_spans_and_moments(text: str, wanted: datetime) -> None:
    assert moment(text, NOW) == wanted
    with pytest.raises(typer.BadParameter, match="12h"):
        moment(f"{text}?", NOW)
