"""Each alert has its page, each page its alert or its bad day, and what a page leads to is there."""

import re

import pytest

from tenantry.watch.alerts.catalogue import ALERTS
from tests.support.monitoring.runbooks import FOLDER, PROGRAMS, SECTIONS, Page, pages
from tests.test_documents import rows

BAD_DAYS = {
    "canary-failed", "database-full", "dns-throttled", "lock-left-behind", "lose-a-site", "off-board", "ram-limit",
    "restore-one-tenant", "rotate-everything", "template-locked",
}  # fmt: skip
INDEX = (FOLDER / "README.md").read_text("utf-8")


def test_each_alert_has_its_page_and_each_page_its_alert_or_bad_day() -> None:
    named = {alert.page: alert.name for alert in ALERTS}
    assert {page.path.name for page in pages()} == named.keys() | {f"{day}.md" for day in BAD_DAYS}
    assert {page.path.name: page.title for page in pages() if page.path.name in named} == named


def test_the_index_is_the_table_of_alerts() -> None:
    table = [row for row in rows(INDEX) if len(row) == 4]
    assert table == [
        [f"[{alert.name}]({alert.page})", str(alert.severity), alert.lasts, alert.requirement] for alert in ALERTS
    ]
    days = {row[0]: row[1] for row in rows(INDEX) if len(row) == 2}
    titles = {page.path.stem: page.title for page in pages()}
    assert days == {f"[{day}]({day}.md)": titles[day] for day in BAD_DAYS}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.path.stem)
def test_a_page_has_its_four_parts(page: Page) -> None:
    assert "\n**Symptom.** " in page.text
    assert tuple(re.findall(r"^## (.*)$", page.text, re.MULTILINE)) == SECTIONS
    assert not [name for name in SECTIONS if len(page.section(name).strip()) < 20]
    assert re.search(r"^ {4}\S", page.section("First look"), re.MULTILINE)
    assert [line for line in page.commands if line.split()[0] not in PROGRAMS] == []


@pytest.mark.parametrize("page", [*pages(), Page(FOLDER / "README.md")], ids=lambda page: page.path.stem)
def test_a_link_of_a_page_leads_somewhere(page: Page) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.text)
    assert [link for link in links if not (FOLDER / link).exists()] == []
