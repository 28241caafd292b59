"""The Chinese README says what the English one says: the same headings, commands, tables and documents, in their order."""

import re

import pytest

from local.shared.paths import ROOT

ENGLISH, CHINESE = ("README.md", "README.zh-CN.md")
CODE = re.compile(r"`([^`]+)`")
NAMES = re.compile(r"/|=|\.md$|\.yaml$")  # of a file, or a setting with its value
Parts = tuple[list[int], list[str], list[list[str]], list[str]]


def parts(text: str) -> Parts:
    """Levels of headings, commands without their comments, code words of each table row, files and settings named."""
    lines = text.splitlines()
    headings = [len(line) - len(line.lstrip("#")) for line in lines if line.startswith("#")]
    commands = [line.partition(" # ")[0].strip() for line in lines if line.startswith("    ")]
    rows = [[f"{line.count('|')}", *re.findall(r"`[^`]+`", line)] for line in lines if line.startswith("|")]
    return headings, commands, rows, sorted(name for name in CODE.findall(" ".join(lines)) if NAMES.search(name))


def test_they_say_the_same() -> None:
    english, chinese = (parts((ROOT / name).read_text("utf-8")) for name in (ENGLISH, CHINESE))
    for of_english, of_chinese in zip(english[:3], chinese[:3], strict=True):
        assert of_chinese == of_english
    assert chinese[3] == sorted({CHINESE: ENGLISH}.get(name, name) for name in english[3])  # each names the other


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("    make up                                   #", "    make down                                 #"),
        ("## Taking it down", "### Taking it down"),
        ("| PostgreSQL |", "| PostgreSQL | `x` |"),
        ("`docs/exit-codes.md`", "`docs/exits.md`"),
        ("    tenantry usage --reached 90", "    tenantry usage --reached 80"),
    ],
)
def test_a_difference_is_seen(was: str, becomes: str) -> None:
    english = (ROOT / ENGLISH).read_text("utf-8")
    assert english.count(was) == 1
    assert parts(english.replace(was, becomes)) != parts(english)
