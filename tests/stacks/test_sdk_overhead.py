"""The program keeps to itself most of its call stack, and debug messages."""

import sys
import traceback

import pulumi
import pytest

from stacks.sdk_overhead import DEBUG, FRAMES, disable_sdk_debug_log, limit_stack_traces


def deep(levels: int) -> int:
    """The number of frames that an extracted stack has, so far down."""
    return deep(levels - 1) if levels else len(traceback.extract_stack())


def test_traces_are_short_inside_and_whole_outside() -> None:
    assert deep(3 * FRAMES) > 3 * FRAMES
    with limit_stack_traces():
        assert deep(3 * FRAMES) == FRAMES
    assert deep(3 * FRAMES) > 3 * FRAMES


def test_an_error_that_leaves_is_shown_whole() -> None:
    with pytest.raises(ValueError, match="deep down") as error, limit_stack_traces():
        fail(3 * FRAMES)
    assert len(traceback.extract_tb(error.value.__traceback__)) > 3 * FRAMES


def fail(levels: int) -> None:
    if levels == 0:
        raise ValueError("deep down")
    fail(levels - 1)


def test_a_limit_that_was_there_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "tracebacklimit", 5, raising=False)
    with limit_stack_traces():
        pass
    assert sys.tracebacklimit == 5


@pytest.mark.parametrize(("environment", "sent"), [({}, []), ({DEBUG: "1"}, ["found"])])
def test_debug_messages_are_sent_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], sent: list[str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "debug", said.append)
    disable_sdk_debug_log(environment)
    pulumi.log.debug("found")
    assert said == sent
