"""From what the engine and the files say to what is reported of a stack."""

import pytest

from tenantry.changes.report.build_report import stack_report
from tenantry.changes.report.findings import finding_of, masked
from tenantry.changes.report.request_report import (
    Basis,
    Operation,
    StackReport,
    UnreadableReportError,
    from_json,
    to_json,
    together,
)
from tenantry.changes.report.request_report import RequestReport as Report
from tenantry.changes.report.statements import Effect, Weight
from tenantry.engine.errors import ExitCode
from tenantry.engine.run.operations import Outcome
from tenantry.engine.run.progress import Change, Finding, Progress
from tenantry.engine.stack.urns import ResourceOwner
from tests.support.requests.prepared_requests import facts_of, replace, settings, suspended
from tests.support.requests.preview_outcomes import change, finding, outcome, urn


def weights(stack: StackReport, code: str) -> list[Weight]:
    return [said.weight for tenant in stack.tenants if tenant.code == code for said in tenant.statements]


def test_three_steps_of_a_replacement_are_one() -> None:
    steps = [change("k001", "db-database", step) for step in ("create-replacement", "replace", "delete-replaced")]
    stack = stack_report("prod", outcome(*steps), None, Basis())
    assert stack.operations == (Operation("k001", urn("k001", "db-database"), "replace"),)
    assert weights(stack, "k001") == [Weight.DATA]


def test_a_deletion_and_a_creation_of_one_resource_is_a_replacement() -> None:
    said = outcome(change("k001", "db-database", "delete"), change("k001", "db-database", "create"))
    assert [operation.operation for operation in stack_report("prod", said, None, Basis()).operations] == ["replace"]


@pytest.mark.parametrize(("is_data_only", "expected"), [(True, Effect.LESS), (False, Effect.DESTRUCTIVE)])
def test_files_explain_walls_only_where_nothing_else_changes(is_data_only: bool, expected: Effect) -> None:
    facts = facts_of([replace("k003", "status: active", "status: suspended")], is_data_only=is_data_only)
    assert stack_report("prod", outcome(*suspended("k003")), facts, Basis()).effect is expected


@pytest.mark.parametrize(
    ("line", "expected"), [("hibernated: true", Effect.ADDITIONS), ("notes: x", Effect.DESTRUCTIVE)]
)
def test_a_notice_is_explained_by_a_phase_that_has_one(line: str, expected: Effect) -> None:
    said = outcome(change("k003", "app-httproute", "update", "spec"), change("k003", "app-httproutefilter", "create"))
    facts = facts_of([replace("k003", "status: active\n", f"status: active\n{line}\n")])
    effect = stack_report("prod", said, facts, Basis()).effect
    assert (effect is Effect.DESTRUCTIVE) is (expected is Effect.DESTRUCTIVE)


@pytest.mark.parametrize(("code", "why"), [("k002", "by the tenant's file or by"), ("k001", "no file of the tenant")])
def test_a_limit_beside_a_change_of_the_program_is_said_as_far_as_it_is_known(code: str, why: str) -> None:
    facts = facts_of([replace("k002", "plan: basic", "plan: standard")], is_data_only=False)
    stack = stack_report("prod", outcome(change(code, "db-database", "update", "connectionLimit")), facts, Basis())
    (tenant,) = (tenant for tenant in stack.tenants if tenant.code == code)
    assert [why in said.words for said in tenant.statements if said.weight is Weight.ISOLATION] == [True]


def test_they_explain_their_own_tenant_alone() -> None:
    facts = facts_of([replace("k003", "status: active", "status: suspended")])
    stack = stack_report("prod", outcome(*suspended("k003"), *suspended("k001")), facts, Basis())
    assert Weight.ISOLATION in weights(stack, "k001")
    assert Weight.ISOLATION not in weights(stack, "k003")


def test_without_files_every_wall_counts() -> None:
    assert stack_report("prod", outcome(*suspended("k003")), None, Basis()).effect is Effect.DESTRUCTIVE


def test_a_rotation_is_said() -> None:
    facts = facts_of([replace("k002", "cell: main\n", "cell: main\ncredentials: {rotation: 2}\n")])
    said = outcome(change("k002", "db-login-b", "update", "password", "validUntil"), *settings("k002"))
    stack = stack_report("prod", said, facts, Basis())
    keys = [statement for tenant in stack.tenants for statement in tenant.statements if statement.weight is Weight.KEYS]
    assert [key.subjects for key in keys] == [
        ("all passwords and keys",),
        ("Role db-login-b (password, validUntil)",),
    ]
    assert stack.effect is Effect.ADDITIONS


def test_the_root_of_all_keys_is_loud() -> None:
    stack = stack_report("prod", outcome(change("k002", "keys", "replace")), None, Basis())
    assert [said.words for said in stack.tenants[0].statements] == [
        "every password and key is made anew at once, those before stop working:"
    ]
    assert stack.effect is Effect.DESTRUCTIVE


def test_nothing_is_nothing() -> None:
    stack = stack_report("prod", outcome(), facts_of([]), Basis())
    assert (stack.tenants, stack.effect, stack.affected) == ((), Effect.NOTHING, 0)


def test_a_value_of_a_configuration_is_not_told() -> None:
    facts = facts_of([replace("k001", "motto: 每一天都新鲜", "motto: 13800138000 is mine")])
    (fact,) = facts.tenants.values()
    assert fact.other == ("config.branding.motto",)
    assert (fact.more, fact.less) == ((), ())


def test_a_policy_is_taken_apart() -> None:
    text = (
        "policy network: k001: NetworkPolicy openings: network-egress: it opens 0.0.0.0/0:443. A reason: of many."
        " Remedy: name it: there."
    )
    found = finding_of(finding("k001", "ns-networkpolicy-openings", text))
    assert (found.rule, found.text, found.remedy) == (
        "network-egress",
        "it opens 0.0.0.0/0:443. A reason: of many.",
        "name it: there.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "phone 13800138000 is taken",
        "tenants/13800138000/files",
        "office@k001.example.com",
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgresql://root:hunter2secret@db:5432",
        "AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_what_a_program_prints_is_masked(text: str) -> None:
    assert "(hidden)" in masked(text)
    for word in ("13800138000", "office@", "BEGIN", "hunter2", "AKIA"):
        assert word not in masked(text)


@pytest.mark.parametrize("text", ["k001: 200 pods", "2026-11-01T06:30:12Z", "629 resources of 12345678901234"])
def test_what_is_harmless_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 2, "stacks": []}',
        '{"format": 1}',
        '{"format": 1, "stacks": [{}]}',
        '{"format": 1, "stacks": [{"stack": 1, "result": "ok"}]}',
        '{"format": 1, "stacks": [{"stack": "a", "result": "ok", "tenants": [{"code": "k001", "statements": [[99, ""]]}]}]}',
    ],
)
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(UnreadableReportError):
        from_json(text)


def test_what_a_saved_report_leaves_out_is_empty() -> None:
    report = from_json('{"format": 1, "stacks": [{"stack": "a", "result": "ok"}]}')
    assert report == Report((StackReport("a", "ok"),))
    assert from_json(to_json(report)) == report


def test_the_later_report_of_a_stack_counts() -> None:
    first, second = Report((StackReport("b", "failed"),)), Report((StackReport("b", "ok"), StackReport("a", "ok")))
    assert together(iter([first, second])).stacks == (StackReport("a", "ok"), StackReport("b", "ok"))


def test_it_reads_what_a_preview_writes() -> None:
    progress = Progress()
    place = ResourceOwner("k001", "database")
    progress.changes.append(Change(place, urn("k001", "db-database"), "create", ()))
    progress.changes.append(Change(place, urn("k001", "db-rights"), "update", ("rights",)))
    text = "policy database: k001: Role rent001_a: database-powers: it has superuser. Why. Remedy: leave it out."
    progress.errors.append(Finding(place, urn("k001", "db-login-a"), text))
    progress.warnings.append(Finding(ResourceOwner("", ""), "", "slow"))
    said = Outcome(ExitCode.FAILED, progress, 1.0, [], expected=["k001", "k002"]).as_json()
    stack = stack_report("prod", said, None, Basis())
    assert stack.result == "failed"
    assert [(operation.operation, operation.properties) for operation in stack.operations] == [
        ("create", ()),
        ("update", ("rights",)),
    ]
    assert (stack.errors[0].rule, stack.errors[0].remedy) == ("database-powers", "leave it out.")
    assert stack.warnings[0].text == "slow"
    assert stack.unfinished == ("k002",)
