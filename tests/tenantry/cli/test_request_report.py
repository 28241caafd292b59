"""`tenantry preview --base` and `tenantry report`: what scripts and workflows see of them."""

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.changes.report.markdown import MARKER
from tenantry.changes.report.request_report import RequestReport, from_json, to_json
from tenantry.cli import app
from tenantry.cli.commands.stack import up as cli_up
from tenantry.engine.clients.postgresql import DatabaseUnavailable
from tenantry.engine.errors import CommandError, ExitCode, StackLocked
from tenantry.fleet.load import PROJECT_TENANTS
from tenantry.watch import tenant_facts
from tests.support.requests.forge import TOKEN, forge
from tests.support.requests.prepared_requests import Edit, living, replace, requests, suspended
from tests.support.requests.preview_outcomes import change, finding, outcome
from tests.support.requests.repository import Clone

ROOT = Path(__file__).resolve().parents[3]
PREPARED = dict(requests())
Run = Callable[..., tuple[int, str, str]]


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
def save(tmp_path: Path) -> Callable[[str, RequestReport], Path]:
    def write(name: str, report: RequestReport) -> Path:
        file = tmp_path / name
        file.write_text(to_json(report), encoding="utf-8")
        return file

    return write


@pytest.fixture
def previews(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any] | Exception], None]:
    """Puts what the engine's preview says in its place."""

    def say(said: dict[str, Any] | Exception) -> None:
        def preview(*, refresh: bool) -> Any:
            if isinstance(said, Exception):
                raise said
            code = ExitCode[str(said["result"]).upper()]
            return SimpleNamespace(
                code=code, as_json=lambda: said, state_time="2026-11-01T06:30:12.7Z", state_resources=629
            )

        def server() -> Any:
            raise DatabaseUnavailable("of this test")

        operation = SimpleNamespace(preview=preview, server=server)
        monkeypatch.setattr(cli_up, "previewed", lambda *_: (operation, nullcontext()))

    return say


@pytest.fixture
def base(tmp_path: Path) -> Callable[..., Path]:
    """The project's tenants as they were before these edits were taken back."""

    def make(*edits: Edit) -> Path:
        folder = Path(shutil.copytree(PROJECT_TENANTS, tmp_path / "base"))
        for edit in edits:
            edit(folder)
        return folder

    return make


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (outcome(), 0),
        (outcome(change("k001", "app-configmap", "update", "data")), 5),
        (outcome(change("k001", "db-database", "delete")), 7),
        (outcome(change("k001", "ns-networkpolicy-closed", "update")), 7),
        (outcome(change("k001", "db-database", "delete"), result="failed", errors=[finding("", "", "boom")]), 3),
        (StackLocked("k", "wait"), 4),
    ],
)
def test_the_exit_code_is_the_effect(
    run: Run, previews: Callable[..., None], base: Callable[..., Path], said: Any, code: int
) -> None:
    previews(said)
    told, out, _ = run("preview", "--cwd", ROOT, "--base", base(), "--format", "json")
    assert told == code
    assert from_json(out).stacks[0].stack == "local"


def test_a_report_is_of_the_plain_name_whichever_name_was_given(
    run: Run, previews: Callable[..., None], base: Callable[..., Path]
) -> None:
    """Reports are compared by it: one of another name approves nothing."""
    previews(outcome())
    arguments = ("--cwd", ROOT, "--stack", "organization/tenantry/local", "--base", base(), "--format", "json")
    assert from_json(run("preview", *arguments)[1]).stacks[0].stack == "local"


def test_of_a_stack_that_there_is_not_no_forge_is_asked(run: Run, tmp_path: Path) -> None:
    code, _, err = run("report", "approved", "--cwd", ROOT, "--stack", "nope", "--output", tmp_path / "approved")
    assert (code, "the stack `nope` has no settings" in err) == (1, True)


def test_somebody_gets_less_by_the_files_alone(
    run: Run, previews: Callable[..., None], base: Callable[..., Path]
) -> None:
    previews(outcome())
    code, out, _ = run("preview", "--cwd", ROOT, "--base", base(replace("k002", "plan: basic", "plan: standard")))
    assert code == 6
    assert "k002: plan: standard -> basic, 799 -> 299 CNY a month" in out
    assert "made against state of 2026-11-01T06:30:12Z, 629 resources" in out


def test_nobody_gets_less_than_he_uses(run: Run, base: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """By the figures of the stack's own admin database; the preview itself is not even begun."""
    folder = base(replace("k002", "plan: basic", "plan: standard"))
    used = {"users": SimpleNamespace(used=101), "storage": SimpleNamespace(used=None)}
    operation = SimpleNamespace(server=lambda: SimpleNamespace(session=None))
    monkeypatch.setattr(cli_up, "previewed", lambda *_: (operation, nullcontext()))
    monkeypatch.setattr(tenant_facts, "read", lambda *_: [SimpleNamespace(code="k002", quotas=used)])
    code, out, _ = run("preview", "--cwd", ROOT, "--base", folder, "--format", "json")
    (stack,) = from_json(out).stacks
    assert (code, stack.result, len(stack.errors)) == (1, "refused", 1)
    assert "k002.yaml:5: plan: gives users 100, and 101 are in use" in stack.errors[0].text


def test_files_that_are_not_in_order_are_a_report_too(run: Run, tmp_path: Path, base: Callable[..., Path]) -> None:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.local.yaml"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(PROJECT_TENANTS, root / "tenants")
    replace("k002", "plan: basic", "plan: gold")(root / "tenants")
    code, out, _ = run("preview", "--cwd", root, "--base", base(), "--format", "markdown")
    assert code == 1
    assert out.startswith(MARKER)
    assert "k002.yaml:5: plan: is none of the choices" in out


def test_without_a_base_it_is_a_report_of_operations(run: Run, previews: Callable[..., None]) -> None:
    previews(outcome(*suspended("k003")))
    code, out, _ = run("preview", "--cwd", ROOT, "--format", "text")
    assert code == 7
    assert "CNY a month: not compared" in out


def test_a_base_that_is_none_is_refused(run: Run, previews: Callable[..., None]) -> None:
    previews(outcome())
    code, out, err = run("preview", "--cwd", ROOT, "--base", "nothing-of-that-name")
    assert (code, out) == (1, "")
    assert "name a commit, tag, branch or directory" in err


def test_json_of_the_engine_and_a_report_are_two_things(run: Run) -> None:
    assert run("preview", "--cwd", ROOT, "--json", "--format", "json")[0] == 2


def test_stacks_are_one_comment(run: Run, save: Callable[..., Path]) -> None:
    (stack,) = PREPARED["open"].stacks
    first = save("1.json", PREPARED["suspend"])
    second = save("2.json", RequestReport((dataclasses.replace(stack, stack="prod-c02"),)))
    code, out, _ = run("report", "render", second, first)
    assert code == 6
    assert out.count(MARKER) == 1
    assert out.index("## Stack `prod`") < out.index("## Stack `prod-c02`")


@pytest.mark.parametrize("name", PREPARED)
def test_rendering_ends_with_the_effect(run: Run, save: Callable[..., Path], name: str) -> None:
    code, _, _ = run("report", "render", save("1.json", PREPARED[name]))
    assert code == (3 if PREPARED[name].failed else PREPARED[name].effect)


@pytest.mark.parametrize(
    ("approved", "now", "code"), [("open", "open", 0), ("open", "delete", 1), ("open", "broken-file", 1)]
)
def test_comparing(run: Run, save: Callable[..., Path], approved: str, now: str, code: int) -> None:
    told, out, _ = run("report", "compare", save("1.json", PREPARED[approved]), save("2.json", PREPARED[now]))
    assert told == code
    assert ("nothing beyond" in out) is (now != "delete")


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"format": 9})])
def test_a_file_that_is_no_report_is_named(run: Run, tmp_path: Path, content: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(content)
    code, out, err = run("report", "render", file)
    assert (code, out) == (1, "")
    assert str(file) in err
    assert run("report", "render", tmp_path / "missing.json")[0] == 1


def test_posting_twice_is_one_comment(run: Run, save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with forge() as stand_in:
        for name, value in {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": "acme/fleet",
            "GITHUB_API_URL": stand_in.url,
        }.items():
            monkeypatch.setenv(name, value)
        told = [run("report", "post", save("1.json", PREPARED[name]), "--number", "17") for name in ("open", "suspend")]
        assert [(code, out) for code, out, _ in told] == [
            (0, "comment 1000: created\n"),
            (0, "comment 1000: updated\n"),
        ]
        assert [comment["body"] for comment in stand_in.comments] == [
            (ROOT / "tests/tenantry/changes/report/golden/suspend.md").read_text(encoding="utf-8")
        ]


class _Engine:
    """An operation whose preview says this; what it was asked for is kept. There is no stack before it."""

    records = SimpleNamespace(read=lambda: None)

    def __init__(self, said: dict[str, Any], stack: str = "prod") -> None:
        self.stack = stack
        self.said, self.calls, self.plans = said, list[str](), list[Path | None]()

    def preview(self, *, refresh: bool, plan: Path | None) -> Any:
        self.calls.append("preview")
        self.plans.append(plan)
        return SimpleNamespace(code=ExitCode[str(self.said["result"]).upper()], as_json=lambda: self.said)

    def up(self, *, refresh: bool, plan: Path | None = None) -> Any:
        self.calls.append("up")
        self.plans.append(plan)
        return SimpleNamespace(code=ExitCode.OK, as_json=lambda: {"result": "ok"})


@pytest.mark.parametrize(
    ("said", "code", "calls"),
    [
        (outcome(*suspended("k003")), 0, ["preview", "up"]),
        (outcome(*suspended("k003")[1:]), 0, ["preview", "up"]),
        (outcome(), 0, ["preview", "up"]),
        (outcome(*suspended("k003"), change("k001", "dns", "delete")), 1, ["preview"]),
        (outcome(*suspended("k003"), result="failed"), 3, ["preview"]),
        (outcome(result="interrupted"), 130, ["preview"]),
    ],
)
def test_what_was_approved_is_what_runs(
    run: Run,
    save: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, Any],
    code: int,
    calls: list[str],
) -> None:
    engine = _Engine(said)
    monkeypatch.setattr(cli_up, "_operation", lambda *_: engine)
    told, _, err = run("up", "--stack", "prod", "--json", "--approved", save("1.json", PREPARED["suspend"]))
    assert (told, engine.calls) == (code, calls)
    assert ("prod: k001: delete AlidnsRecord dns: not in the approved report" in err) is (code == 1)


def test_what_runs_is_the_plan_of_that_preview_and_nothing_of_it_stays(
    run: Run, save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _Engine(outcome(*suspended("k003")))
    monkeypatch.setattr(cli_up, "_operation", lambda *_: engine)
    report = save("1.json", PREPARED["suspend"])
    assert run("up", "--stack", "prod", "--json", "--approved", report)[0] == 0
    assert engine.plans[0] is not None
    assert engine.plans[0] == engine.plans[1]
    assert not engine.plans[0].parent.exists()
    run("up", "--stack", "prod", "--json", "--refresh", "--approved", report)
    run("up", "--stack", "prod", "--json")
    assert engine.plans[2:] == [None, None, None]


def test_reports_of_several_requests_are_taken_together(
    run: Run, save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One by one, and as a folder; an empty one approves nothing."""
    engine = _Engine(outcome(*suspended("k003"), *living("k023")))
    monkeypatch.setattr(cli_up, "_operation", lambda *_: engine)
    (tmp_path / "approved").mkdir()
    up = ("up", "--stack", "prod", "--json", "--approved")
    assert run(*up, tmp_path / "approved")[0] == 1
    several = [save(f"approved/{name}.json", PREPARED[name]) for name in ("open", "suspend")]
    assert [run(*up, path)[0] for path in several] == [1, 1]
    assert engine.calls == ["preview"] * 3
    assert run(*up, several[0], "--approved", several[1])[0] == 0
    assert run(*up, tmp_path / "approved")[0] == 0
    assert engine.calls[3:] == ["preview", "up"] * 2
    for other, name in zip(reversed(several), ("open", "suspend"), strict=True):
        now = save("now.json", PREPARED[name])
        assert run("report", "compare", other, now)[0] == 1
        assert run("report", "compare", *several, now)[0] == 0
        assert run("report", "compare", tmp_path / "approved", now)[0] == 0


def test_what_was_approved_for_another_stack_is_not_for_this_one(
    run: Run, save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _Engine(outcome(*suspended("k003")), "local")
    monkeypatch.setattr(cli_up, "_operation", lambda *_: engine)
    assert run("up", "--json", "--approved", save("1.json", PREPARED["suspend"]))[0] == 1
    assert run("up", "--json", "--approved", "no-such-file.json")[0] == 1
    assert engine.calls == ["preview"]


def test_a_new_tenant_needs_no_name(run: Run, previews: Callable[..., None], base: Callable[..., Path]) -> None:
    previews(outcome())
    folder = base(lambda tenants: (tenants / "k022.yaml").unlink())
    code, out, _ = run("preview", "--cwd", ROOT, "--base", folder)
    assert code == 5
    assert "k022: opened: plan standard, 799 CNY a month" in out


def test_the_report_names_the_requests_own_commit(run: Run, previews: Callable[..., None], tmp_path: Path) -> None:
    """The tree of preview.yml: main is checked out, with the request's files laid over it."""
    previews(outcome())
    clone = Clone.make(tmp_path, {path.name: path.read_text("utf-8") for path in PROJECT_TENANTS.glob("*.yaml")})
    for name in ("Pulumi.yaml", "Pulumi.local.yaml"):
        shutil.copy(ROOT / name, clone.root)
    clone.commit("the project")
    clone.git("switch", "-qc", "request")
    replace("k002", "plan: basic", "plan: standard")(clone.tenants)
    clone.commit("request")
    clone.git("switch", "-q", "main")
    clone.git("checkout", "-q", "request", "--", "tenants")
    main, head = (clone.git("rev-parse", name).strip() for name in ("main", "request"))
    preview = ("preview", "--cwd", clone.root, "--base", main)
    code, out, _ = run(*preview, "--head", "request", "--format", "json")
    assert (code, from_json(out).stacks[0].basis.head, from_json(out).stacks[0].basis.base) == (5, head, main)
    assert (
        f"Commit `{head[:12]}`, compared with `{main[:12]}`" in run(*preview, "--head", head, "--format", "markdown")[1]
    )
    for problem in ("nowhere", "--all"):
        code, out, err = run(*preview, f"--head={problem}")
        assert (code, out) == (1, ""), err
    assert run("preview", "--cwd", clone.root, "--head", "request")[0] == 2


@pytest.mark.parametrize(
    ("refusal", "verdict"),
    [
        (
            StackLocked("somebody works on it", "wait for it"),
            "**The preview did not come to its end: run it again.**",
        ),
        (CommandError("no state", "export its address"), "**The request cannot be made real as it is.**"),
    ],
)
def test_what_stopped_the_preview_and_what_to_do_are_two_lines(
    run: Run, previews: Callable[..., None], refusal: CommandError, verdict: str
) -> None:
    """And a stack that somebody else works on is not the request's fault."""
    previews(refusal)
    _, out, _ = run("preview", "--cwd", ROOT, "--format", "markdown")
    assert f"- `{refusal.problem}`\n  - what to do: `{refusal.remedy}`\n" in out
    assert verdict in out
