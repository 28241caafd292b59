"""A look as text, JSON and the body of an issue: the gravest first, nothing of others' taken for ours, cut by value."""

import json
import re
from dataclasses import replace

import pytest

from tenantry.changes.report.markdown import LIMIT
from tenantry.changes.report.request_report import UnreadableReportError
from tenantry.engine.errors import ExitCode
from tenantry.inspection.drift.markdown import MARKER, markdown, needs_somebody, title
from tenantry.inspection.drift.model import EFFECTS, TITLES, Drift, Finding, Gravity, Mending, by_tenant
from tenantry.inspection.drift.saved import from_json, to_json
from tenantry.inspection.drift.text import plain_text


def finding(tenant: str, gravity: Gravity, subject: str = "NetworkPolicy closed", **more: object) -> Finding:
    said = Finding(
        tenant, "Kubernetes", subject, "differs: spec.egress", gravity, Mending.UP, "`tenantry drift --repair`"
    )
    return replace(said, **more)  # pyright: ignore[reportArgumentType]  (of a test's own words)


CLEAN = Drift("prod", "2026-11-30T01:02:03+00:00", 175, 9.5)
FOUND = replace(
    CLEAN,
    findings=(
        finding("k002", Gravity.HARMLESS, mending=Mending.PERSON),
        finding("k002", Gravity.LIMIT),
        finding("k001", Gravity.ACCESS),
        finding("", Gravity.ISOLATION),
        finding("k002", Gravity.DATA, "PersistentVolumeClaim x", is_declared=False),
    ),
)


@pytest.mark.parametrize("gravity", Gravity)
def test_the_exit_code_is_that_of_the_gravest(gravity: Gravity) -> None:
    findings = replace(CLEAN, findings=(finding("k001", Gravity.HARMLESS), finding("k001", gravity)))
    assert findings.exit_code == EFFECTS[gravity]
    assert replace(findings, unseen=("RAM: no answer",)).exit_code == ExitCode.FAILED


def test_clean_is_zero() -> None:
    assert CLEAN.exit_code == 0
    assert plain_text(CLEAN).startswith("prod: nothing differs\n")


def test_tenants_are_in_the_order_of_their_gravest() -> None:
    assert list(by_tenant(FOUND.findings)) == ["k002", "", "k001"]
    assert [entry.gravity for entry in by_tenant(FOUND.findings)["k002"]] == [1, 4, 5]


def test_the_text_says_the_gravest_first_and_what_to_do() -> None:
    lines = plain_text(FOUND).splitlines()
    assert lines[0].startswith("prod: 5 differences, the gravest: data at risk (1 data at risk, ")
    heads = [line for line in lines if re.fullmatch(r"(k002|the platform|k001): [A-Z ]+", line)]
    assert heads == ["k002: DATA AT RISK", "the platform: ISOLATION BROKEN", "k001: ACCESS"]
    assert sum(line.startswith("    what to do: ") for line in lines) == 5
    assert lines[-1] == "`tenantry drift --repair` mends 4; 1 left to a person"


def test_what_moves_a_cursor_is_escaped() -> None:
    assert "\x1b" not in plain_text(replace(CLEAN, findings=(finding("k001", Gravity.LIMIT, "x\x1b[2J"),)))


def test_json_goes_there_and_back() -> None:
    drift = replace(FOUND, unseen=("RAM: no answer",), mended=("removed: x",))
    back = from_json(to_json(drift))
    assert replace(back, findings=()) == replace(drift, findings=())
    assert sorted(map(str, back.findings)) == sorted(map(str, drift.findings))
    document = json.loads(to_json(drift))
    assert (document["worst"], document["exitCode"]) == (TITLES[Gravity.DATA], 3)
    assert [entry["class"] for entry in document["tenants"]["k002"]] == [
        "data at risk",
        "quota or limit changed",
        "harmless",
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2, "tenants": {}}', '{"format": 1, "tenants": {"k001": [{}]}}']
)
def test_what_is_no_look_is_refused(text: str) -> None:
    with pytest.raises(UnreadableReportError):
        from_json(text)


def test_the_issue_begins_with_its_marker_and_says_all() -> None:
    body = markdown([FOUND, replace(CLEAN, stack="prod-c02")])
    assert body.startswith(MARKER)
    assert "| `prod-c02` | nothing differs |" in body
    assert body.index("### `k002`: data at risk") < body.index("### the platform: isolation broken")
    assert title([FOUND, CLEAN]) == "Drift: data at risk, 5 in all"


def test_names_of_others_mean_nothing_in_the_issue() -> None:
    body = markdown(
        [replace(CLEAN, findings=(finding("k001", Gravity.LIMIT, "ConfigMap @acme/all`</details><img src=x>"),))]
    )
    assert "``Kubernetes ConfigMap @acme/all`</details><img src=x>``" in body


def test_what_does_not_fit_is_left_out_by_gravity() -> None:
    """Not from the end: a tenant with the gravest difference and many harmless ones does not push another's out."""
    harmless = [finding("k001", Gravity.HARMLESS, f"ConfigMap {number} {'x' * 300}") for number in range(400)]
    findings = (finding("k001", Gravity.DATA), *harmless, finding("k009", Gravity.LIMIT))
    body = markdown([replace(CLEAN, findings=findings)])
    assert len(body) <= LIMIT
    assert body.index("### `k001`: data at risk") < body.index("### `k009`: quota or limit changed")
    assert "lines are left out here" in body


def test_harmless_alone_opens_no_issue() -> None:
    harmless = replace(CLEAN, findings=(finding("k001", Gravity.HARMLESS),))
    assert not needs_somebody([CLEAN, harmless])
    assert needs_somebody([harmless, FOUND])
    assert needs_somebody([replace(CLEAN, unseen=("RAM: no answer",))])
