"""Files that a command writes: comments and habits of their writer stay, and our own reader reads the same again."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml.comments import CommentedMap

from tenantry.fleet.load import PROJECT_TENANTS
from tenantry.parsing.yaml_document import read_document
from tenantry.parsing.yaml_writer import dump, edit, new_document, put_after

HABITS = """\
# at the top
code: k001

name: '示例'   # as they call it
phone: "13800138001"
api_keys:
  - name: a  # first
    scopes: [x, y]
  - name: b
expires_at: 2027-01-01
emoji: 😀
# at the end
"""


def nothing(_: CommentedMap) -> None:
    pass


@pytest.mark.parametrize("path", sorted(PROJECT_TENANTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_not_changed_stays_to_the_letter(path: Path) -> None:
    text = path.read_text()
    assert edit(text, nothing) == text


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("list_indent", ["", "  "])
def test_comments_quotes_lists_and_line_ends_stay(ends: str, list_indent: str) -> None:
    text = HABITS.replace("\n  ", f"\n{list_indent}").replace("\n", ends)
    assert edit(text, nothing) == text
    changed = edit(text, lambda document: put_after(document, "code", "cell", "main"))
    assert changed == text.replace(f"code: k001{ends}", f"code: k001{ends}cell: main{ends}", 1).replace(
        f"cell: main{ends}{ends}", f"{ends}cell: main{ends}"
    )


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "yes",
        "No",
        "123",
        "0123",
        "1_000",
        "12:30",
        "1e3",
        "2026-10-01",
        "null",
        "~",
        "",
        "a: b",
        "# x",
        "@a",
        "[x]",
        "{x}",
        "- x",
        '"quoted"',
        "it's",
        "a\\b",
        "=",
        "<<",
        "😀 幼儿园",
        "&a",
        "*a",
        "!t",
        "%x",
        "`x`",
        "a " * 200 + "end",
        "true",
        True,
        17,
        ["a", "no", 'x"y, z'],
        {"a": "on", "b": {"c": ["1", 2]}, "no": "x"},
    ],
    ids=str,
)
def test_any_value_is_read_again_as_it_was_written(value: Any) -> None:
    text = dump(new_document({"code": "k001", "field": value}, {"field": "a comment"}))
    document = read_document(text.encode())
    assert document.faults == []
    assert document.data == {"code": "k001", "field": value}
    assert len(text.splitlines()) == 2
