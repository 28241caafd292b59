"""Denials of OSS and STS: their own word for it, and nothing that looks like it."""

from collections.abc import Callable
from typing import Any, cast

import oss2
import pytest

from tenantry.inspection.verify.attacks.alibaba import storage_edges
from tenantry.inspection.verify.core.alibaba_session import denied, no_session
from tenantry.inspection.verify.core.attack import State
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Keys
from tenantry.names import names_of

NAMES = names_of("k001", "13800138001")


def fails(error: BaseException) -> Callable[[], Any]:
    def attempt() -> Any:
        raise error

    return attempt


def oss(status: int, code: str) -> Any:
    return cast(Any, oss2.exceptions).ServerError(status, {}, b"", {"Code": code} if code else {})


@pytest.mark.parametrize(
    ("status", "code", "head", "state"),
    [
        (403, "AccessDenied", False, State.HELD),
        (403, "", True, State.HELD),
        (403, "", False, State.UNCLEAR),
        (403, "RequestTimeTooSkewed", False, State.UNCLEAR),
        (403, "InvalidAccessKeyId", True, State.UNCLEAR),
        (404, "NoSuchKey", False, State.UNCLEAR),
        (503, "", True, State.UNCLEAR),
    ],
)
def test_only_the_stores_own_word_is_a_denial(status: int, code: str, head: bool, state: State) -> None:
    assert denied(fails(oss(status, code)), head=head).state is state


def test_what_was_done_all_the_same_is_undone() -> None:
    undone: list[str] = []
    assert denied(lambda: None, lambda: undone.append("x")).state is State.HOLE
    assert undone == ["x"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OSError("sts.aliyuncs.com does not answer AssumeRole: NoPermission"), State.HELD),
        (OSError("sts.aliyuncs.com does not answer AssumeRole: Throttling.User"), State.UNCLEAR),
        (ConnectionRefusedError(111, "Connection refused"), State.UNCLEAR),
    ],
)
def test_only_the_services_own_word_keeps_a_session_from_renewing_itself(
    monkeypatch: pytest.MonkeyPatch, error: OSError, state: State
) -> None:
    context = cast(Any, VerifyContext)(cast(Any, None), frozenset({"k001"}))
    context._kept |= {"token k001 aud": "x"}
    context.target = type("At", (), {"audience": "aud"})()
    monkeypatch.setattr(storage_edges, "assume_by_token", lambda *_: Keys("id", "secret", "token"))
    monkeypatch.setattr(storage_edges, "assume", lambda *_: fails(error)())
    verdict = cast(Any, storage_edges)._own_token(context, NAMES)
    assert verdict.state is state
    assert no_session(fails(error)).state is state
