"""Reports of twelve requests as a reviewer reads them. `python -m tests.support.requests.prepared_requests` writes them anew."""

from datetime import date
from pathlib import Path

import pytest

from tenantry.changes.report.markdown import LIMIT, MARKER, markdown
from tenantry.changes.report.plain_text import plain_text
from tenantry.changes.report.request_report import from_json, to_json
from tenantry.changes.report.statements import Effect
from tenantry.fleet.load import PROJECT_TENANTS, load_fleet
from tests.support.requests.prepared_requests import GOLDEN, requests

REQUESTS = dict(requests())
EFFECTS = {
    "open": Effect.ADDITIONS,
    "plan-up": Effect.ADDITIONS,
    "plan-down": Effect.DESTRUCTIVE,  # a service goes
    "suspend": Effect.LESS,
    "delete": Effect.DESTRUCTIVE,
    "cancel-deletion": Effect.ADDITIONS,
    "two-tenants-and-a-plan": Effect.LESS,
    "component-restarts-all": Effect.ADDITIONS,
    "wall-loosened": Effect.DESTRUCTIVE,
    "database-replaced": Effect.DESTRUCTIVE,
    "200-tenants": Effect.ADDITIONS,
    "broken-file": Effect.NOTHING,
}
FAILED = {"wall-loosened", "database-replaced", "broken-file"}


def test_every_golden_file_has_its_request() -> None:
    assert {file.stem for file in GOLDEN.glob("*.md")} == REQUESTS.keys() == EFFECTS.keys()


@pytest.mark.parametrize("name", REQUESTS)
def test_the_report_is_the_golden_one(name: str) -> None:
    assert markdown(REQUESTS[name]) == (GOLDEN / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", REQUESTS)
def test_its_effect(name: str) -> None:
    assert REQUESTS[name].effect is EFFECTS[name]
    assert bool(REQUESTS[name].failed) is (name in FAILED)


@pytest.mark.parametrize("name", REQUESTS)
def test_it_is_short_and_begins_with_the_marker(name: str) -> None:
    text = markdown(REQUESTS[name])
    assert text.startswith(f"{MARKER}\n")
    assert len(text) <= LIMIT
    assert len(text.splitlines()) <= 45  # read in a minute, also with 200 tenants


@pytest.mark.parametrize("name", REQUESTS)
def test_it_comes_back_from_its_file(name: str) -> None:
    assert from_json(to_json(REQUESTS[name])) == REQUESTS[name]


@pytest.mark.parametrize("name", REQUESTS)
def test_nobodys_data_is_in_it(name: str) -> None:
    fleet = load_fleet(PROJECT_TENANTS, today=date(2026, 11, 1))
    personal = {
        text
        for tenant in fleet.all
        for text in (
            tenant.spec.name,
            tenant.spec.phone,
            tenant.spec.contact.name,
            tenant.spec.contact.email,
            tenant.spec.address,
        )
        if text
    } | {"晨光幼儿园", "13800138123", "张老师", "zhang@example.com"}
    for text in (markdown(REQUESTS[name]), plain_text(REQUESTS[name]), to_json(REQUESTS[name])):
        assert not [value for value in personal if value in text]


@pytest.mark.parametrize(("document", "name"), [("report", "two-tenants-and-a-plan"), ("pull-requests", "delete")])
def test_the_document_shows_a_real_one(document: str, name: str) -> None:
    picture = (GOLDEN / f"{name}.md").read_text(encoding="utf-8")
    file = Path(__file__).resolve().parents[4] / "docs" / f"{document}.md"
    assert f"~~~~markdown\n{picture}~~~~\n" in file.read_text(encoding="utf-8")
