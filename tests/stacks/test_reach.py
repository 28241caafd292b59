"""A preview where nothing answers: one warning a system, and providers that need not ask."""

import socket
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from stacks.reach import CLOUD, cloud_address

PREVIEW = {"preview": True}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", texts.append)
    return texts


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is possible."""

    def refuse(address: Any, timeout: float) -> Any:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.mark.usefixtures("nobody")
def test_a_preview_without_systems_shows_the_whole_plan(run: Callable[..., Any], tenants: Any, said: list[str]) -> None:
    recording = run(tenants(k001={}), options=PREVIEW)
    assert len(recording.of("Tenant")) == 1
    about = [text for text in said if "does not answer" in text]
    assert [text.partition(" does")[0] for text in about] == ["PostgreSQL", "Alibaba Cloud"]
    assert "127.0.0.1:5433 (Connection refused)" in about[0]
    assert recording.named("postgresql").inputs["expectedVersion"] == "14.0.0"


@pytest.mark.usefixtures("nobody")
def test_a_run_that_changes_things_asks_the_systems_themselves(run: Any, tenants: Any, said: list[str]) -> None:
    recording = run(tenants(k001={}))
    assert not [text for text in said if "does not answer" in text]
    assert "expectedVersion" not in recording.named("postgresql").inputs


def test_a_preview_with_systems_says_nothing_of_them(
    run: Any, tenants: Any, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_: socket.socket())
    recording = run(tenants(k001={}), options=PREVIEW)
    assert not [text for text in said if "does not answer" in text]
    assert "expectedVersion" not in recording.named("postgresql").inputs


def test_the_cloud_is_asked_for_where_it_is() -> None:
    assert cloud_address(None) == CLOUD
    assert cloud_address("http://127.0.0.1:8085") == ("127.0.0.1", 8085)
