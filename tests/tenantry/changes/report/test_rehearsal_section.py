"""Rehearsals as a reviewer reads them. `python -m tests.support.requests.prepared_rehearsals` writes them anew."""

import pytest

from tenantry.changes.report.markdown import MARKER, markdown
from tenantry.changes.report.plain_text import plain_text
from tenantry.changes.report.rehearsal_result import FAILURES, WORDS, StageName
from tenantry.changes.report.request_report import RequestReport, from_json, to_json, together
from tenantry.changes.report.statements import Effect
from tests.support.requests.prepared_rehearsals import GOLDEN, rehearsals
from tests.support.requests.prepared_requests import requests

PREPARED = dict(rehearsals())
STACKS = dict(requests())
EFFECTS = {
    "comes-through": (Effect.ADDITIONS, False),
    "refused-by-the-pack": (Effect.NOTHING, True),
    "all-goes-wrong": (Effect.DESTRUCTIVE, True),
    "bystander-touched": (Effect.ADDITIONS, True),
    "interrupted": (Effect.NOTHING, True),
}


def test_every_golden_file_has_its_rehearsal() -> None:
    assert {file.stem for file in GOLDEN.glob("*.md")} == PREPARED.keys() == EFFECTS.keys()
    assert WORDS.keys() == FAILURES.keys() == {*StageName}


@pytest.mark.parametrize("name", PREPARED)
def test_the_report_is_the_golden_one(name: str) -> None:
    report = RequestReport((), PREPARED[name])
    assert markdown(report) == (GOLDEN / f"{name}.md").read_text(encoding="utf-8")
    assert (report.effect, report.is_failed) == EFFECTS[name]


@pytest.mark.parametrize("name", PREPARED)
def test_it_comes_back_from_its_file(name: str) -> None:
    report = RequestReport((), PREPARED[name])
    assert from_json(to_json(report)) == report


def test_a_report_without_one_is_read_as_before() -> None:
    report = STACKS["open"]
    older = to_json(report).replace(',\n "rehearsal": null', "")
    assert "rehearsal" not in older
    assert from_json(older) == report


@pytest.mark.parametrize("name", PREPARED)
def test_it_is_a_section_of_the_report_of_stacks(name: str) -> None:
    both = together(iter([STACKS["open"], RequestReport((), PREPARED[name])]))
    assert both.stacks == STACKS["open"].stacks
    text = markdown(both)
    assert text.count(MARKER) == 1
    assert text.index("## Rehearsal") < text.index("## Stack `prod`")
    assert both.is_failed is EFFECTS[name][1]
    assert both.effect is max(Effect.ADDITIONS, EFFECTS[name][0])


def test_each_failed_stage_is_in_the_verdict_of_both_forms() -> None:
    report = RequestReport((), PREPARED["all-goes-wrong"])
    failed = [FAILURES[StageName(name)] for name in ("migrate", "verify", "again", "back")]
    for text in (markdown(report), plain_text(report)):
        assert all(words in text for words in failed)
        assert "network.closed" in text
        assert "rows are lost:" in text
