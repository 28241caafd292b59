"""The reader of YAML: whatever the bytes are, values and lines or faults come out, never anything else."""

from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tenantry.parsing.faults import FieldError
from tenantry.parsing.yaml_document import read_document
from tenantry.parsing.yaml_scalars import resolve_scalar

PIECES = [
    *"ab1:-?[]{},&*!|>'\"%@` \n#~<=.0\\tx/",
    "k001",
    "plan",
    "a: ",
    ": ",
    "\n- ",
    "\n  ",
    "\nb: ",
    "---\n",
]
YAML_TEXT = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
DISPUTED = {"y", "n", "yes", "no", "on", "off"}
LETTERS = st.text(st.characters(codec="ascii", categories=["L"])).filter(lambda text: text.lower() not in DISPUTED)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | LETTERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.from_regex(r"[a-z]{3,8}", fullmatch=True), inner),
    max_leaves=20,
)


@given(st.binary(max_size=300))
@example(b"\xff\xfea")
@example(b"\x85")
@example(b"? ")
@example(b"a: |\n  \x00")
def test_any_bytes(content: bytes) -> None:
    document = read_document(content)
    assert document.faults or isinstance(document.data, dict)


@given(YAML_TEXT)
@example("*a")
@example("a: *a")
@example("&a a: *a")
@example("!!python/name:os.system")
@example("a: !<tag:x> b")
@example("%TAG ! x\n--- a")
@example("- - - - -\n - a")
def test_any_text_like_yaml(text: str) -> None:
    document = read_document(text.encode())
    assert document.faults or isinstance(document.data, dict)
    for line, _, error in document.faults:
        assert 1 <= line <= text.count("\n") + 2
        assert error.problem
        assert error.remedy


@given(st.dictionaries(st.from_regex(r"[a-z]{3,8}", fullmatch=True), PLAIN, min_size=1))
def test_plain_values_survive(data: dict[str, Any]) -> None:
    """We read back what PyYAML writes, or we refuse it; never do we read something else."""
    document = read_document(yaml.safe_dump(data, allow_unicode=True).encode())
    if document.faults:
        reasons = ("nested", "plain name", "anchor", "alias")  # PyYAML writes what stands twice as an alias
        assert all(any(reason in error.problem for reason in reasons) for _, _, error in document.faults)
    else:
        assert document.data == data


@given(YAML_TEXT)
def test_what_we_read_other_readers_read_alike(text: str) -> None:
    document = read_document(text.encode())
    if not document.faults:
        assert yaml.safe_load(text) == document.data


def test_lines_of_fields() -> None:
    document = read_document(b"a: 1\nb:\n  c: 2\n  d:\n    - 3\n    - e: 4\n")
    assert document.data == {"a": 1, "b": {"c": 2, "d": [3, {"e": 4}]}}
    assert document.line_of(("b", "c")) == 3
    assert document.line_of(("b", "d", 1, "e")) == 6
    assert document.line_of(("b", "d", 1, "missing")) == 6
    assert document.line_of(("missing",)) == 1


def test_windows_line_ends() -> None:
    document = read_document(b"a: 1\r\nb: x\r\n")
    assert (document.data, document.faults) == ({"a": 1, "b": "x"}, [])
    assert document.line_of(("b",)) == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-17", -17),
        ("1.5", 1.5),
        ("2026-10-01", date(2026, 10, 1)),
        ("50Gi", "50Gi"),
        ("k001", "k001"),
        ("1.4.0", "1.4.0"),
        ("１２", "１２"),
        ("none", "none"),
        ("示例", "示例"),
    ],
)
def test_scalars_all_readers_agree_on(text: str, value: object) -> None:
    assert resolve_scalar(text) == value
    assert type(resolve_scalar(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    ["y", "N", "yes", "No", "ON", "off", "017", "0o17", "0x1F", "0b1", "1_000", "+5", "12:30", "1:30:00",
     "1e3",
     "1.", ".5", "-.5", "1.5e3", ".inf", "-.INF", ".nan", "00", "9" * 19, "2026-1-1", "2026-10-01 08:00:00",
     "2026-10-01T08:00:00Z", "2026-13-01", "<<", "="],
)  # fmt: skip
def test_scalars_readers_disagree_on(text: str) -> None:
    with pytest.raises(FieldError):
        resolve_scalar(text)
