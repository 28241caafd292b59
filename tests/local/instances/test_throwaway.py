"""A throw-away instance leaves nothing behind, also when it does not start."""

from pathlib import Path

import pytest

from local.instances.throwaway import World, throwaway


def test_a_start_that_fails_is_cleaned_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of its services that did start would live on, with their data removed beneath them."""
    called: list[str] = []

    def local(_: World, *arguments: str, **_options: object) -> None:
        called.append(arguments[0])
        if arguments[0] == "start":
            raise AssertionError("kubernetes ended while starting")

    monkeypatch.setattr(World, "local", local)
    with pytest.raises(AssertionError, match="ended while starting"), throwaway(tmp_path):
        pass
    assert called == ["start", "clean"]
    assert list(tmp_path.iterdir()) == []


def test_a_clean_up_that_fails_still_removes_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def local(_: World, *arguments: str, **_options: object) -> None:
        if arguments[0] == "clean":
            raise AssertionError("not stopped")

    monkeypatch.setattr(World, "local", local)
    with pytest.raises(AssertionError, match="not stopped"), throwaway(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
