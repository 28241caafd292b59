"""The person who migrated a database is on record also where the process's number has no name: by then it is migrated."""

import os
import pwd
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import pytest

from tenantry.engine.clients.postgresql import Server
from tenantry.maintenance.rollout.rollout import AUDIT, Plan, Result, Rollout, State
from tenantry.maintenance.rollout.targets import MigrationTarget


class FakeServer:
    """An admin database that remembers what it was told."""

    def __init__(self) -> None:
        self.told: dict[str, Mapping[str, Any]] = {}

    @contextmanager
    def session(self, _: str) -> "Generator[FakeServer]":
        yield self

    def execute(self, statement: str, values: Mapping[str, Any]) -> None:
        self.told[statement] = values


def test_a_number_without_a_name_is_the_actor(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", missing)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    server = FakeServer()
    rollout = Rollout(cast(Server, server), Plan([], 1), lambda _: None)
    rollout._remember(MigrationTarget("k001", "rent001"), Result("k001", "rent001", State.MIGRATED, 0, 1))  # pyright: ignore[reportPrivateUsage]
    assert server.told[AUDIT]["actor"] == str(os.getuid())
