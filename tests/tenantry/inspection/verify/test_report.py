"""Exit codes, counting, and how attempts are made: a failure nobody expected is never taken for a denial."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from tenantry.cli.app import app
from tenantry.cli.commands.stack import verify
from tenantry.cli.commands.stack.verify import _show  # pyright: ignore[reportPrivateUsage]  (what a person sees of a report)
from tenantry.engine.clients.kubernetes import Answer
from tenantry.inspection.verify.attacks.kubernetes import admission_ingress, benchmark
from tenantry.inspection.verify.catalogue import ATTACKS
from tenantry.inspection.verify.core.attack import (
    Attack,
    Attempt,
    Result,
    State,
    Verdict,
    broken,
    inconclusive,
    passed,
    verdict_on_faults,
    vulnerable,
)
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.denials import by_admission_policy, by_pod_security, refused_by, refused_by_rights
from tenantry.inspection.verify.report import EVALUATED, Report
from tenantry.inspection.verify.run import chosen
from tenantry.inspection.verify.runner import Interrupted, run

NOBODY = cast(VerifyContext, None)
ROOT = Path(__file__).resolve().parents[4]


def attack(*verdicts: Verdict, name: str = "database.x") -> Attack:
    def trials(_: VerifyContext) -> Iterator[Attempt]:
        for number, verdict in enumerate(verdicts):
            yield Attempt("k001", f"k{number:03}", lambda verdict=verdict: verdict)

    return Attack(name, "a control", "something", trials)


def report(*verdicts: Verdict, **more: Any) -> Report:
    one = attack()
    return Report([Result(one, "k001", "k002", verdict, 0.1) for verdict in verdicts], ["k001"], 1.0, **more)


@pytest.mark.parametrize(
    ("verdicts", "more", "code"),
    [
        ((passed(), passed()), {}, 0),
        ((passed(), vulnerable("x")), {}, 1),
        ((passed(), inconclusive("x")), {}, 1),
        ((passed(), broken("x")), {}, 1),
        ((), {}, 1),  # nothing tried proves nothing
        ((passed(),), {"left": ["a user"]}, 1),
        ((passed(),), {"interrupted": True}, 130),
    ],
)
def test_the_exit_code(verdicts: tuple[Verdict, ...], more: dict[str, Any], code: int) -> None:
    assert report(*verdicts, **more).code == code


def test_the_document_counts_and_names() -> None:
    document = report(
        passed(), vulnerable("PostgreSQL did it"), inconclusive("time-out"), matrix=["a -> b: 1/TCP"]
    ).as_json()
    assert json.loads(json.dumps(document)) == document
    assert (document["attempts"], document["held"], document["hole"], document["unclear"]) == (3, 1, 1, 1)
    assert document["result"] == "failed"
    assert document["attacks"][0]["attempts"] == 3
    finding = document["findings"][0]
    assert (finding["tenant"], finding["target"], finding["said"]) == ("k001", "k002", "PostgreSQL did it")
    assert document["network"] == {"remark": EVALUATED, "reaches": ["a -> b: 1/TCP"]}
    assert "no packet was sent" in EVALUATED


def test_holes_come_first_and_every_one_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    doubts = [inconclusive(f"time-out {number}") for number in range(60)]
    _show(report(*doubts, broken("no record"), *[vulnerable(f"hole {number}") for number in range(50)]), matrix=False)
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(("attack", "database.x"))]
    assert [line.startswith("HOLE") for line in lines[:51]] == [True] * 50 + [False]
    assert "tenantry up --refresh" in lines[50]
    assert lines[51].startswith("BROKEN")
    assert "tenantry up --refresh" in lines[52]
    assert lines[53].startswith("UNCLEAR")
    assert lines[54].startswith("... and 59 more unclear")
    assert "--only" in lines[55]


def test_a_program_reads_the_holes_first_as_well() -> None:
    document = report(inconclusive("time-out"), broken("no record"), vulnerable("a hole"), passed()).as_json()
    assert [finding["state"] for finding in document["findings"]] == ["hole", "broken", "unclear"]


def test_attempts_come_back_in_order() -> None:
    said: list[str] = []
    results = run(NOBODY, [attack(passed(), vulnerable("x")), attack(inconclusive("y"), name="storage.y")], said.append)
    assert [result.verdict.state for result in results] == [State.HELD, State.HOLE, State.UNCLEAR]
    assert said[0] == "3 attempts of 2 kinds"


def test_an_unexpected_failure_is_unclear_in_preparing_and_in_trying() -> None:
    def fails(_: VerifyContext) -> Iterator[Attempt]:
        raise LookupError("no such namespace")

    def tries(_: VerifyContext) -> Iterator[Attempt]:
        yield Attempt("k001", "k002", lambda: passed(str(1 / 0)))

    attacks = [Attack("a.b", "c", "d", fails), Attack("a.c", "c", "d", tries)]
    results = run(NOBODY, attacks, lambda _: None)
    assert [result.verdict.state for result in results] == [State.UNCLEAR, State.UNCLEAR]
    assert "no such namespace" in results[0].verdict.said


def test_what_was_not_tried_in_time_is_counted_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    go = threading.Event()

    def many(_: VerifyContext) -> Iterator[Attempt]:
        def wait() -> Verdict:
            go.wait(10)
            return passed()

        for number in range(30):
            yield Attempt("k001", str(number), wait)

    def say(text: str) -> None:
        if "tried" in text:
            go.set()

    results = run(NOBODY, [Attack("a.b", "c", "d", many)], say, limit_s=0.3)
    late = Report(results, ["k001"], 1.0)
    assert 0 < late.untried < 30
    assert (late.code, late.as_json()["untried"]) == (1, late.untried)
    cast(Any, verify)._show(late, False)
    shown = capsys.readouterr().out
    assert f"{late.untried} of 30 attempts were not tried in the time that there was" in shown
    assert "--minutes" in shown
    assert "UNCLEAR" not in shown


def test_the_time_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def verified(*_: Any, limit_s: float) -> Report:
        given.append(limit_s)
        return report(passed())

    monkeypatch.setattr("tenantry.inspection.verify.run.verify", verified)
    monkeypatch.setattr("tenantry.inspection.verify.core.target.read", lambda *_: None)
    for more in ([], ["--minutes", "90"]):
        assert CliRunner().invoke(app, ["verify", "--json", *more]).exit_code == 0
    assert given == [900.0, 5400.0]
    assert CliRunner().invoke(app, ["verify", "--minutes", "0"]).exit_code == 2


def test_credentials_are_asked_for_anew_before_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now, made = [0.0], list[float]()
    monkeypatch.setattr("tenantry.inspection.verify.core.context.time.monotonic", lambda: now[0])
    context = cast(Any, VerifyContext)(cast(Any, None), frozenset[str]())
    for moment in (0.0, 299.0, 301.0, 500.0, 602.0):
        now[0] = moment
        context.cached("session", lambda: made.append(now[0]), 600)
        context.cached("for ever", lambda: made.append(-1.0))
    assert made == [0.0, -1.0, 301.0, 602.0]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Sets Ctrl-C as in a terminal; a test run in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt(after: float) -> None:
    """Interrupts like a terminal's Ctrl-C: while the main thread waits."""
    threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_an_interruption_keeps_what_was_found_and_begins_nothing_more(ctrl_c: None) -> None:
    began: list[int] = []
    go = threading.Event()

    def slow(number: int) -> Verdict:
        began.append(number)
        go.wait(10)
        return passed()

    def many(_: VerifyContext) -> Iterator[Attempt]:
        for number in range(100):
            yield Attempt("k001", str(number), lambda number=number: slow(number))

    def stop(text: str) -> None:
        # An exception in the middle of the pool's work would leave one of its locks behind.
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        if "tried" in text:
            go.set()
        else:
            interrupt(0.2)

    with pytest.raises(Interrupted) as caught:
        run(NOBODY, [Attack("a.b", "c", "d", many)], stop)
    assert 0 < len(began) < 100
    assert len(caught.value.results) == len(began)


def test_an_interruption_in_preparing_begins_nothing(ctrl_c: None) -> None:
    def first(_: VerifyContext) -> Iterator[Attempt]:
        os.kill(os.getpid(), signal.SIGINT)
        yield Attempt("k001", "k002", lambda: pytest.fail("begun after the interruption"))

    def second(_: VerifyContext) -> Iterator[Attempt]:
        raise AssertionError("prepared after the interruption")

    with pytest.raises(Interrupted, match="interrupted"):
        run(NOBODY, [Attack("a.b", "c", "d", first), Attack("a.c", "c", "d", second)], lambda _: None)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_attacks_have_names_of_their_own_and_say_what_they_prove() -> None:
    ids = [entry.id for entry in ATTACKS]
    assert len(ids) == len(set(ids))
    assert all(entry.control and entry.tries and "." in entry.id for entry in ATTACKS)
    assert sum(1 for entry in ATTACKS if entry.domain == "benchmark") == 18


def test_attacks_are_chosen_by_id_or_domain() -> None:
    assert [tenant.id for tenant in chosen(["database.connect"])] == ["database.connect"]
    assert {tenant.domain for tenant in chosen(["network", "host.theft"])} == {"network", "host"}
    assert chosen([]) == list(ATTACKS)
    with pytest.raises(ValueError, match=r"database\.conect"):
        chosen(["database.conect"])


RBAC = 'pods is forbidden: User "x" cannot list resource "pods"'


@pytest.mark.parametrize(
    ("status", "message", "state"),
    [
        (403, RBAC, State.HELD),
        (200, "", State.HOLE),
        (403, 'pods "a" is forbidden: tenantry-pods: images are the application\'s', State.UNCLEAR),
        (403, 'pods "a" is forbidden: exceeded quota: plan', State.UNCLEAR),
        (404, "not found", State.UNCLEAR),
        (401, "Unauthorized", State.UNCLEAR),
    ],
)
def test_only_rbacs_own_word_is_a_denial_by_rbac(status: int, message: str, state: State) -> None:
    assert refused_by_rights(Answer(status, {"message": message})).state is state


def said(rail: str, sentence: str) -> str:
    return (
        f"pods \"attack\" is forbidden: ValidatingAdmissionPolicy '{rail}' with binding '{rail}' denied request: "
        f"{rail}: {sentence}"
    )


def test_only_the_rails_own_sentence_is_a_denial_by_it() -> None:
    answer = Answer(403, {"message": said("tenantry-routes", "a route is for the tenant's own domain")})
    assert refused_by([by_admission_policy("tenantry-routes")], answer).state is State.HELD
    assert refused_by([by_admission_policy("tenantry-routes", "a route is for")], answer).state is State.HELD
    assert refused_by([by_admission_policy("tenantry-routes", "every rule")], answer).state is State.UNCLEAR
    assert refused_by([by_admission_policy("tenantry-walls")], answer).state is State.UNCLEAR
    assert refused_by([by_admission_policy("tenantry-routes")], Answer(403, {"message": RBAC})).state is State.UNCLEAR
    assert refused_by([by_admission_policy("tenantry-routes")], Answer(201, {})).state is State.HOLE


@pytest.mark.parametrize(
    "message",
    [
        'pods "tenantry-pods" is forbidden: exceeded quota: plan, requested: pods=1, used: pods=4, limited: pods=4',
        'pods "tenantry-pods: a pod" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
        'Pod "tenantry-pods" is invalid: spec.containers[0].image: Required value',
        'pods "a" is forbidden: violates PodSecurity "restricted:latest": seccompProfile (pod or container "a")',
        said("tenantry-pods", "images are asked for at every start"),
    ],
)
def test_another_refusal_is_none_by_these(message: str) -> None:
    ways = [by_pod_security("host namespaces"), by_admission_policy("tenantry-pods", "a pod shares nothing")]
    assert refused_by(ways, Answer(403, {"message": message})).state is State.UNCLEAR


def test_either_of_two_that_know_it_may_say_no() -> None:
    ways = [by_pod_security("host namespaces"), by_admission_policy("tenantry-pods", "a pod shares nothing")]
    own = 'pods "a" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostPID=true)'
    for message in (own, said("tenantry-pods", "a pod shares nothing with its node")):
        assert refused_by(ways, Answer(403, {"message": message})).state is State.HELD


def test_the_sentences_that_are_waited_for_are_the_rails_own() -> None:
    waited = (
        admission_ingress.OWN_DOMAIN,
        benchmark.CLUSTER_IP,
        benchmark.SHARES_NOTHING,
        benchmark.VOLUMES,
        benchmark.PULLED,
    )
    source = "\n".join(file.read_text("utf-8") for file in (ROOT / "components" / "admission_policies").glob("*.py"))
    assert [wait for wait in waited if f'"{wait}' not in source] == []


def test_what_is_read_is_held_without_a_fault_alone() -> None:
    assert verdict_on_faults([]).state is State.HELD
    assert verdict_on_faults(iter(["a", "b"])) == vulnerable("a; b")
