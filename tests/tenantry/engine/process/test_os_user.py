"""The user of this process is known by its number, as the engine tells it, also where the number has no name."""

import os
import pwd
import subprocess

import pytest

from tenantry.engine.process.os_user import own_name

VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a name, like that of a container that is started with a number of its own."""

    def missing(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", missing)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_no_variable_changes_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "somebody-else")
    assert own_name() == subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.usefixtures("nameless")
def test_a_number_without_a_name_stands_for_itself() -> None:
    assert own_name() == str(os.getuid())


@pytest.mark.usefixtures("nameless")
def test_a_number_without_a_name_has_the_one_that_the_engine_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "app")
    assert own_name() == "app"
