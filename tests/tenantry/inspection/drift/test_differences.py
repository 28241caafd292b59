"""Differences between two states of a resource, and the values that are shown."""

from typing import Any

import pytest

from tenantry.inspection.drift.differences import Difference, differences


def state(**outputs: Any) -> dict[str, Any]:
    return {"inputs": {}, "outputs": outputs}


PATHS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"spec": {"hard": {"pods": "9"}}}, {"spec": {"hard": {"pods": "99"}}}, ["spec.hard.pods"]),
    ({"spec": {"egress": []}}, {"spec": {"egress": [{}]}}, ["spec.egress"]),
    ({"spec": {"rules": [{"a": 1}]}}, {"spec": {"rules": [{"a": 2}]}}, ["spec.rules[0].a"]),
    ({"spec": {"rules": [{"a": 1}]}}, {"spec": {"rules": [{"a": 1}, {}]}}, ["spec.rules"]),
    ({"a": 1}, {"b": 1}, ["a", "b"]),
    ({"status": {"ready": 1}, "metadata": {"generation": 1}}, {"status": {}, "metadata": {"generation": 2}}, []),
]


@pytest.mark.parametrize(("recorded", "live", "paths"), PATHS)
def test_paths_of_what_differs(recorded: dict[str, Any], live: dict[str, Any], paths: list[str]) -> None:
    listed = differences(state(**recorded), state(**live), in_kubernetes=True)
    assert [difference.path for difference in listed] == paths


def test_a_status_counts_where_it_is_a_switch() -> None:
    listed = differences(state(status="ENABLE"), state(status="DISABLE"), in_kubernetes=False)
    assert [str(difference) for difference in listed] == ["status ENABLE -> DISABLE"]


def test_inputs_and_outputs_say_it_once() -> None:
    recorded, live = {"inputs": {"a": 1}, "outputs": {"a": 1}}, {"inputs": {"a": 2}, "outputs": {"a": 2}}
    assert differences(recorded, live, in_kubernetes=False) == [Difference("a", 1, 2)]


WORDS: list[tuple[Any, Any, str]] = [
    ("9", "99", "pods 9 -> 99"),
    (None, 5, "pods none -> 5"),
    ("[secret]", "[secret]", "pods"),
    ("[secret]", "told", "pods"),
    ({"a": 1}, "x", "pods"),
    ("x" * 41, "y", "pods"),
    ("a", "b\x1b[2J", "pods"),
]


@pytest.mark.parametrize(("recorded", "live", "text"), WORDS)
def test_a_value_is_shown_only_where_it_is_plain_and_no_secret(recorded: Any, live: Any, text: str) -> None:
    assert str(Difference("pods", recorded, live)) == text
