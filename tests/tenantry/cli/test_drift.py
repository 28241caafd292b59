"""`tenantry drift` and `tenantry report drift`: what scripts and workflows see of them."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.cli import app
from tenantry.cli.commands.stack import drift as cli_drift
from tenantry.engine.errors import ExitCode, StackLocked
from tenantry.inspection.drift import last_look, look
from tenantry.inspection.drift.look import Looked
from tenantry.inspection.drift.model import Drift, Finding, Gravity, Mending
from tenantry.inspection.drift.saved import from_json, to_json
from tests.support.requests.forge import TOKEN, forge

Run = Callable[..., tuple[int, str, str]]
CLEAN = Drift("local", "2026-11-30T01:02:03+00:00", 10, 1.0)
WALL = Finding("k001", "Kubernetes", "NetworkPolicy closed", "is gone", Gravity.ISOLATION, Mending.UP, "repair it")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            app.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return call


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Drift]:
    kept: list[Drift] = []

    def record(_: object, drift: Drift) -> str:
        kept.append(drift)
        return ""

    monkeypatch.setattr(last_look, "record_look", record)
    return kept


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch) -> Callable[[Drift | Exception], None]:
    def say(said: Drift | Exception) -> None:
        def answer(_: object) -> Looked:
            if isinstance(said, Exception):
                raise said
            return Looked(said, ())

        operation = SimpleNamespace(server=None)
        monkeypatch.setattr(cli_drift, "previewed", lambda *_: (operation, nullcontext()))
        monkeypatch.setattr(look, "look", answer)

    return say


CODES: list[tuple[Drift, int]] = [
    (CLEAN, 0),
    (replace(CLEAN, findings=(replace(WALL, gravity=Gravity.HARMLESS),)), 5),
    (replace(CLEAN, findings=(replace(WALL, gravity=Gravity.LIMIT),)), 6),
    (replace(CLEAN, findings=(WALL,)), 7),
    (replace(CLEAN, findings=(WALL,), unseen=("RAM: no answer",)), 3),
]


@pytest.mark.parametrize(("drift", "code"), CODES)
def test_the_exit_code_says_how_grave_it_is(
    run: Run, finds: Callable[[Any], None], recorded: list[Drift], drift: Drift, code: int
) -> None:
    finds(drift)
    assert run("drift")[0] == code
    assert recorded == ([] if drift.unseen else [drift]), "a look that did not see everything is none"


@pytest.mark.parametrize(("form", "begins"), [("text", "local: 1 difference"), ("json", "{"), ("markdown", "<!-- ")])
def test_forms(run: Run, finds: Callable[[Any], None], recorded: list[Drift], form: str, begins: str) -> None:
    finds(replace(CLEAN, findings=(WALL,)))
    _, out, _ = run("drift", "--format", form)
    assert out.startswith(begins)
    assert "NetworkPolicy closed" in out


def test_whoever_reads_the_file_learns_that_nobody_has_looked(
    run: Run, finds: Callable[[Any], None], recorded: list[Drift]
) -> None:
    finds(StackLocked("somebody works on it", "wait for 13800138001"))
    code, out, err = run("drift", "--format", "json")
    assert (code, recorded) == (ExitCode.LOCKED, [])
    assert "somebody works on it" in err
    assert [text.partition("\n")[0] for text in from_json(out).unseen] == ["somebody works on it"]
    assert "13800138001" not in out
    assert run("drift")[1] == ""


def test_one_issue_of_all_stacks_is_opened_updated_and_closed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    files[0].write_text(to_json(CLEAN))
    files[1].write_text(to_json(replace(CLEAN, stack="prod", findings=(WALL,))))
    with forge() as stand_in:
        for name, value in (("TOKEN", TOKEN), ("REPOSITORY", "acme/fleet"), ("API_URL", stand_in.url)):
            monkeypatch.setenv(f"GITHUB_{name}", value)
        assert run("report", "drift", *files)[:2] == (0, "issue 1: created\n")
        assert stand_in.issues[0]["title"] == "Drift: isolation broken, 1 in all"
        assert run("report", "drift", *files)[1] == "issue 1: unchanged\n"
        files[1].write_text(to_json(replace(CLEAN, stack="prod", unseen=("RAM: no answer",))))
        assert run("report", "drift", *files)[1] == "issue 1: updated\n"
        files[1].write_text(to_json(replace(CLEAN, stack="prod")))
        assert run("report", "drift", *files)[1] == "issue 1: closed\n"
        assert run("report", "drift", *files)[1] == "nothing to say, no issue is open\n"
        assert [issue["state"] for issue in stand_in.issues] == ["closed"]


def test_a_stack_that_left_no_look_keeps_the_issue_open(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runner was lost, or its session was refused: an issue that closes then would say that all is well."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    clean, broken = tmp_path / "a.json", tmp_path / "b.json"
    clean.write_text(to_json(CLEAN))
    broken.write_text("")
    wanted = ("--stacks", '["local", "prod"]')
    with forge() as stand_in:
        for name, value in (("TOKEN", TOKEN), ("REPOSITORY", "acme/fleet"), ("API_URL", stand_in.url)):
            monkeypatch.setenv(f"GITHUB_{name}", value)
        code, out, err = run("report", "drift", clean, broken, *wanted)
        assert (code, out) == (0, "issue 1: created\n")
        assert str(broken) in err
        assert stand_in.issues[0]["title"] == "Drift: not all was looked at"
        assert "nobody has looked" in stand_in.issues[0]["body"]
        assert run("report", "drift", tmp_path / "drift-*.json", *wanted)[:2] == (0, "issue 1: updated\n")
        broken.write_text(to_json(replace(CLEAN, stack="prod")))
        assert run("report", "drift", clean, broken, *wanted)[1] == "issue 1: closed\n"
    assert run("report", "drift", clean, "--stacks", "prod")[0] == ExitCode.REFUSED


@pytest.mark.parametrize("text", [None, "{}", json.dumps({"format": 1, "stacks": []})])
def test_what_is_no_look_is_refused(run: Run, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "a.json"
    if text is not None:
        file.write_text(text)
    code, _, err = run("report", "drift", file)
    assert code == ExitCode.REFUSED
    assert str(file) in err
