"""The page: everything is on it, nothing of it is anybody else's program, and it asks nobody for anything."""

import re
import shutil
import subprocess
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tenantry.watch.overview import sums
from tenantry.watch.overview.facts import Overview
from tenantry.watch.overview.page import to_html
from tests.support.monitoring.runbooks import FOLDER
from tests.tenantry.watch.overview.fleet import HOSTILE, NOW, fleet, tenant

VOID = {"meta", "input", "br", "link", "img"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Attributes by which a browser would fetch something, or run something.
FETCHING = {
    "src", "srcset", "href", "action", "formaction", "data", "poster", "background", "cite", "ping", "manifest", "style",
    "xlink:href", "longdesc", "profile", "usemap", "archive", "codebase", "classid", "imagesrcset", "srcdoc",
}  # fmt: skip


class Read(HTMLParser):
    """Elements with their attributes, and the text of each kind of element."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data


@pytest.fixture(scope="module")
def page() -> str:
    return to_html(fleet())


def test_it_is_well_formed(page: str) -> None:
    read = Read(page)
    assert (read.open, read.unclosed) == ([], [])
    assert page.lstrip().startswith("<!doctype html>")


def test_what_others_wrote_is_text(page: str) -> None:
    read = Read(page)
    assert set(HOSTILE) <= set(read.texts["bdi"])
    kinds = [kind for kind, _ in read.elements]
    assert (kinds.count("script"), kinds.count("style")) == (1, 1)
    assert not {"img", "iframe", "b "} & set(kinds)
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert "49" not in read.texts["bdi"]


def test_it_asks_nobody_for_anything(page: str) -> None:
    read = Read(page)
    assert not [(kind, name) for kind, attributes in read.elements for name in attributes if name in FETCHING]
    assert not {"link", "base", "object", "embed", "form", "frame"} & {kind for kind, _ in read.elements}
    for text in (*read.texts["style"], *read.texts["script"]):
        assert not re.search(
            r"https?:|//\w|url\(|@import|fetch|XMLHttp|WebSocket|import\(|sendBeacon|eval|innerHTML", text
        )


def test_the_browser_is_told_to_run_nothing_else(page: str) -> None:
    read = Read(page)
    (policy,) = [
        attributes["content"] or ""
        for _, attributes in read.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    hashes = {name: b64encode(sha256(read.texts[name][0].encode()).digest()).decode() for name in ("style", "script")}
    assert policy == f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'"


def cells(page: str, code: str) -> str:
    (row,) = [
        row
        for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
        if row.startswith(f'<tr><td>{code}</td><td class="name">') and "CNY" not in row and "meter" in row
    ]
    return row


def test_a_quota_is_a_bar_and_an_unknown_one_says_so(page: str) -> None:
    row = cells(page, "k205")
    assert 'value="96.0" title="192 of 200"' in row
    assert '<span class="unknown">unknown</span>' in row
    assert 'title="0' not in row


def test_sums_count_the_active_ones_money(page: str) -> None:
    overview = fleet()
    total = sums.share("all", overview.tenants)
    assert total.monthly == sum(facts.monthly_price or 0 for facts in overview.tenants if facts.phase == "active")
    assert f"<b>{total.monthly:,.0f}</b> CNY a month" in page
    for share in sums.shares(overview.tenants, lambda facts: facts.plan):
        assert f'<td>{share.name}</td><td class="number">{share.tenants}</td>' in page


def test_what_somebody_should_look_at_is_named_with_its_page() -> None:
    found = {(remark.subject, remark.page): remark for remark in sums.remarks(fleet(0))}
    assert set(found) == {
        ("k203", "tenant-opening-stuck"),
        ("k205", "tenant-quota-used"),
        ("k201", "tenant-backup-old"),
        ("k202", "tenant-deletion-due"),
        ("prod", "drift-found"),
        ("prod-c02", "drift-unseen"),
    }
    assert [remark.grave for remark in sums.remarks(fleet(0))] == [True, True, True, True, False, False]
    assert all((FOLDER / f"{page}.md").exists() for _, page in found)


def test_an_empty_fleet_is_a_page_too() -> None:
    text = to_html(Overview(at=NOW, stack="local", tenants=[]))
    assert "<b>0</b> tenants" in text
    assert "Nobody has looked yet" in text


def test_five_thousand_tenants_are_a_page_too() -> None:
    overview = replace(fleet(), tenants=[tenant(number) for number in range(1, 5001)])
    assert len(to_html(overview)) < 10 * 2**20


def browser(page: str, folder: Path, *options: str) -> str:
    assert CHROMIUM
    (folder / "page.html").write_text(page, "utf-8")
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}", *options,
        (folder / "page.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on PATH")
def test_a_browser_runs_the_pages_own_program_and_no_other(page: str, tmp_path: Path) -> None:
    shown = browser(page, tmp_path, "--dump-dom")
    count = len(fleet().tenants)
    assert f">{count} of {count}</span>" in shown, "the program did not run: does the policy name its hash?"
    assert shown.count("<script") == 1
    assert "<iframe" not in shown


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on PATH")
@pytest.mark.parametrize("width", [1400, 480])
def test_a_browser_draws_it_wide_and_narrow(page: str, tmp_path: Path, width: int) -> None:
    picture = tmp_path / "page.png"
    browser(page, tmp_path, f"--screenshot={picture}", f"--window-size={width},1300", "--hide-scrollbars")
    content = picture.read_bytes()
    assert int.from_bytes(content[16:20]) == width  # of the PNG's header
    assert len(content) > 50_000, "a page of one colour"
