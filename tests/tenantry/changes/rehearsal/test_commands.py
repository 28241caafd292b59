"""A rehearsal's commands: their environment, how they are followed and how they are stopped."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from tenantry.changes.rehearsal.commands import Commands, Interrupted, exported, scrubbed

SLOW = "import sys, time; print('at work', file=sys.stderr, flush=True); time.sleep(60)"


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "AWS_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY", "PGHOST", "PGPASSWORD",
        "KUBECONFIG", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN", "TENANTRY_SYSTEMS_OF",
        "TENANTRY_LOCAL", "NPM_TOKEN", "DB_PASSWORD", "MY_API_KEY",
    ],
)  # fmt: skip
def test_what_leads_elsewhere_or_is_secret_is_taken_out(name: str) -> None:
    assert scrubbed({name: "x"}) == {}


@pytest.mark.parametrize("name", ["PATH", "HOME", "LANG", "HTTPS_PROXY", "TENANTRY_CACHE", "UV"])
def test_what_is_the_machines_own_stays(name: str) -> None:
    assert scrubbed({name: "x"}) == {name: "x"}


def test_a_command_is_followed_line_by_line_and_gets_no_secret(tmp_path: Path) -> None:
    shown: list[str] = []
    commands = Commands({**os.environ, "GITHUB_TOKEN": "geheim"}, shown.append)
    program = "import os, sys; print(os.environ.get('GITHUB_TOKEN'), os.environ['OWN']); sys.exit('one\\x1b[2J\\ntwo')"
    done = commands.run([sys.executable, "-c", program], tmp_path, {"OWN": "1"})
    assert (done.code, done.out, done.said) == (1, "None 1\n", "one\x1b[2J\ntwo")
    assert [line.split("] ")[1].strip() for line in shown] == ["one\\x1b[2J", "two"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_then_the_rehearsal(tmp_path: Path, number: signal.Signals) -> None:
    at_work = threading.Event()
    commands = Commands(os.environ, lambda line: at_work.set() if "at work" in line else None)

    def interrupt() -> None:
        assert at_work.wait(30)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=interrupt)
    before = signal.getsignal(number)
    with commands.interruptible(), pytest.raises(Interrupted):
        thread.start()
        commands.run([sys.executable, "-c", SLOW], tmp_path, {})
    thread.join()
    assert signal.getsignal(number) is before


def test_between_commands_a_signal_ends_it_at_once_unless_it_is_taken_down(tmp_path: Path) -> None:
    commands = Commands(os.environ, lambda _: None)
    with commands.interruptible(), pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)
    commands.close()
    with commands.interruptible():
        os.kill(os.getpid(), signal.SIGTERM)
        done = commands.run([sys.executable, "-c", "print('cleaned')"], tmp_path, {})
    assert done.out == "cleaned\n"


def test_the_variables_of_an_instance(tmp_path: Path) -> None:
    file = tmp_path / "e n v"
    file.write_text("# a remark\nexport ONE='a b'\nexport PATH=/first:$PATH\n")
    found = exported(file)
    assert found["ONE"] == "a b"
    assert found["PATH"] == f"/first:{os.environ['PATH']}"
    assert found.keys() == {"ONE", "PATH"}
