"""Others' words stay text, and a report that is too long is cut by value."""

import re

import pytest

from tenantry.changes.report.markdown import LIMIT, code, markdown
from tenantry.changes.report.plain_text import plain_text
from tenantry.changes.report.request_report import Basis, Operation, RequestReport, StackReport
from tenantry.changes.report.sections import who
from tenantry.changes.report.statements import ReportedFinding, Statement, TenantReport, Weight

HOSTILE = (
    "[click](https://evil.example.com)",
    "![x](https://evil.example.com/pixel.png)",
    "https://evil.example.com",
    "www.evil.example.com",
    "@platform-team please approve",
    "#17 and owner/repo#18",
    "<img src=x onerror=alert(1)>",
    "</details><script>alert(1)</script>",
    "<!-- tenantry-report -->",
    "`` ` ``` code ` `",
    "`",
    "a`",
    "line\n\n/merge\n/approve",
    "- [ ] a | b | c",
    "**bold** _x_ ~~y~~ \\",
    "\u202eright to left\u202c \u200b",
    "\x1b[31mred\x1b[0m\r",
    "",
    " ",
)


def fields(text: str) -> RequestReport:
    """The text wherever a saved report may have one."""
    tenant = TenantReport(text, tuple(Statement(weight, text, (text, text)) for weight in Weight))
    said = ReportedFinding(text, text, text, text, text)
    stack = StackReport(
        text, text, (tenant, TenantReport("k001", tenant.statements)), (Operation(text, text, text, (text,)),),
        (said,), (said,), (text,), (1, 2), Basis(text, 1, text, text),
    )  # fmt: skip
    return RequestReport((stack, StackReport("other", "ok")))


def outside_of_code(text: str) -> str:
    """The text that a reader of CommonMark takes for Markdown or HTML: without code spans."""
    kept: list[str] = []
    for line in text.splitlines():
        at = 0
        while at < len(line):
            if line[at] != "`":
                kept.append(line[at])
                at += 1
                continue
            fence = re.match("`+", line[at:])
            assert fence is not None
            ticks = fence.group()
            end = re.search(f"(?<!`){ticks}(?!`)", line[at + len(ticks) :])
            assert end is not None, f"a code span is not closed: {line}"
            at += len(ticks) + end.end()
        kept.append("\n")
    return "".join(kept)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_write_means_nothing(text: str) -> None:
    rest = outside_of_code(markdown(fields(text)))
    own = {"<!-- tenantry-report -->", "<details>", "<summary>", "</summary>", "</details>"}
    assert set(re.findall(r"<[^>]*>", rest)) <= own
    assert rest.count("<!-- tenantry-report -->") == 1
    for mark in ("@", "://", "www.", "](", "[ ]", "#1", "owner/repo", "~~", "_x_", "\x1b", "\u202e", "\u200b"):
        assert mark not in rest
    assert not [line for line in rest.splitlines() if line.startswith("/")]
    assert rest.count("<details>") == rest.count("</details>")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_it_cannot_be_seen(text: str) -> None:
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u200b\u202a-\u202e]", markdown(fields(text)))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_row_of_the_table_stays_one(text: str) -> None:
    rows = [line for line in markdown(fields(text)).splitlines() if line.startswith("| ") and "---" not in line]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [7, 7, 7]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_gets_no_commands(text: str) -> None:
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u200b\u202e]", plain_text(fields(text)))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_ends_where_it_should(text: str) -> None:
    assert outside_of_code(f"a {code(text)} b") == "a  b\n"


def different(number: int, weight: Weight) -> TenantReport:
    return TenantReport(f"k{number:05d}", (Statement(weight, "changed:", (f"of {weight.name} {number} " + "x" * 80,)),))


def large(each: int, stacks: int = 2) -> RequestReport:
    tenants = tuple(
        different(10_000 * (1 + weight) + number, weight) for weight in reversed(Weight) for number in range(each)
    )
    return RequestReport(tuple(StackReport(f"prod-c{number:03d}", "ok", tenants) for number in range(stacks)))


@pytest.mark.parametrize(("each", "stacks"), [(1, 1), (30, 2), (31, 2), (32, 2), (100, 2), (1000, 1), (3, 256)])
def test_it_is_never_too_long(each: int, stacks: int) -> None:
    text = markdown(large(each, stacks))
    assert len(text) <= LIMIT
    assert text.count("<details>") == text.count("</details>")


def test_the_least_important_goes_first_of_all_stacks() -> None:
    text = markdown(large(60))
    told = {weight: text.count(f"of {weight.name} ") for weight in Weight}
    assert told[Weight.DATA] == told[Weight.GONE] == told[Weight.ISOLATION] == 120
    assert told[Weight.OPENED] == told[Weight.OTHER] == 0
    left_out = re.search(r"\*\*([0-9]+) lines are left out", text)
    assert left_out is not None
    assert int(left_out[1]) == 60 * 2 * len(Weight) - sum(told.values())


def test_what_fits_is_whole() -> None:
    assert "left out" not in markdown(large(10))


def test_one_text_does_not_fill_it() -> None:
    finding = ReportedFinding("", "", "", "x" * 100_000, "")
    text = markdown(RequestReport((StackReport("prod", "failed", errors=(finding,)),)))
    assert len(text) < 2000
    assert "x" * 500 in text


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([""], "the platform"),
        (["k001"], "k001"),
        (["k001", "k003"], "k001, k003"),
        (["k001", "k002", "k003"], "3 tenants (k001 to k003)"),
        ([f"k{number:03d}" for number in range(1, 201)], "200 tenants (k001 to k200)"),
        (["k001", "k002", "k004"], "3 tenants (k001, k002, k004)"),
        ([f"k{number:03d}" for number in range(1, 100, 2)],
         "50 tenants (" + ", ".join(f"k{number:03d}" for number in range(1, 32, 2)) + " and more)"),
    ],
)  # fmt: skip
def test_many_tenants_are_few_words(codes: list[str], expected: str) -> None:
    assert who(codes) == expected


def test_reports_of_different_commits_are_not_one() -> None:
    def made(head: str) -> StackReport:
        return StackReport(head, "ok", basis=Basis(head=head, base="c"))

    assert "different commits" in markdown(RequestReport((made("a"), made("b"))))
    assert "different commits" not in markdown(RequestReport((made("a"), made("a"))))
