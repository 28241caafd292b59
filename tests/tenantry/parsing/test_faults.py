"""A fault is one line whatever it holds, and a collection of them is in order and without repetition."""

from hypothesis import given
from hypothesis import strategies as st

from tenantry.parsing.faults import Fault, Faults, printable

FAULT = Fault("tenants/k001.yaml", 3, "phone", "is no mobile number", "write one")


def test_the_line() -> None:
    assert str(FAULT) == "tenants/k001.yaml:3: phone: is no mobile number, write one"


@given(st.text(st.characters(), max_size=600))
def test_any_text_makes_one_printable_line(text: str) -> None:
    line = str(Fault(text, 1, text, text, text))
    assert line.isprintable()
    assert len(line) <= 500
    line.encode()  # no half of a surrogate pair is left


def test_printable_leaves_chinese_alone() -> None:
    assert printable("示例 幼儿园 é") == "示例 幼儿园 é"
    assert printable("a\n\x1b\u202e\ud800") == r"a\n\x1b\u202e\ud800"


def test_faults_are_sorted_and_told_once() -> None:
    later = Fault("tenants/k001.yaml", 10, "name", "is empty", "write one")
    other = Fault("tenants/k000.yaml", 99, "name", "is empty", "write one")
    faults = Faults([later, FAULT, other, FAULT])
    assert faults.faults == (other, FAULT, later)
    assert str(faults).splitlines() == [str(other), str(FAULT), str(later)]
