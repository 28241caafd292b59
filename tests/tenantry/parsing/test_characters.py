"""Characters that deceive are found, those of Chinese and European names are not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.parsing.characters import first_forbidden_character, first_non_ascii, is_readable, mixed_scripts


@pytest.mark.parametrize(
    "text",
    ["示例幼儿园", "Élan 幼儿园 (东区) №2", "a-b_c.d/e", "「云帆」、“二号”", "𠮷", "ＡＢＣ！", "３", "〇", "ᠮᠣᠩᠭᠣᠯ᠋"],
)
def test_names_people_have(text: str) -> None:
    assert first_forbidden_character(text) is None
    assert mixed_scripts(text) is None
    assert is_readable(text)


@pytest.mark.parametrize("text", ["", " ", "···", "！？", "-", "★", "\u0301", "\u180b", "\u3164", "\u2800\uffa0"])
def test_what_shows_no_name(text: str) -> None:
    assert not is_readable(text)


@pytest.mark.parametrize(
    "char",
    ["\0", "\n", "\x1b", "\x7f", "\x85", "\xad", "\u200b", "\u200d", "\u202e", "\u2066", "\u2028",
     "\ufeff", "\ufe0f", "\ue000", "\ud800", "\U000e0041", "\uffff", "\u3164", "\u2800", "\u115f", "\u1160",
     "\uffa0", "\u034f", "\U000e0100", "\U0001d159"],
)  # fmt: skip
def test_what_deceives(char: str) -> None:
    character = first_forbidden_character(f"园{char}园")
    assert character is not None
    assert character[0] == 1
    assert first_forbidden_character(char, allowed=char) is None


@given(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"]))
def test_every_character_of_these_kinds(char: str) -> None:
    assert first_forbidden_character(char) is not None


@given(st.characters(min_codepoint=0x7F))
def test_only_ascii_is_at_home(char: str) -> None:
    character = first_non_ascii(f"k001{char}")
    assert character is not None
    assert character.startswith("U+")
    assert unicodedata.name(char, "") in character


@pytest.mark.parametrize("text", ["Kindergаrten", "КINDER", "αbc"])
def test_alphabets_that_look_alike(text: str) -> None:
    assert mixed_scripts(text) is not None
