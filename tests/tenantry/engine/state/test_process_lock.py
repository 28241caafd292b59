"""Two runs never share a stack; whoever comes second hears who was first."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.engine.errors import ExitCode, StackLocked
from tenantry.engine.state.process_lock import exclusive, key_of, run_directory


def test_the_second_is_refused_with_the_first_ones_number(tmp_path: Path) -> None:
    told = rf"prod.*process {os.getpid()}"
    with (
        exclusive(tmp_path, "key", "prod"),
        pytest.raises(StackLocked, match=told) as caught,
        exclusive(tmp_path, "key", "prod"),
    ):
        pytest.fail("two at once")
    assert caught.value.code == ExitCode.LOCKED


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path, "key", "prod"):
            pass


def test_other_stacks_go_on(tmp_path: Path) -> None:
    with exclusive(tmp_path, "one", "prod"), exclusive(tmp_path, "two", "test"):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path, spawn: Callable[..., subprocess.Popen[bytes]]) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tenantry.engine.state.process_lock import exclusive\n"
        "with exclusive(Path(sys.argv[1]), 'key', 'prod'): Path(sys.argv[1], 'held').touch(); time.sleep(60)"
    )
    holder = spawn([sys.executable, "-c", code, str(tmp_path)])
    deadline = time.monotonic() + 60
    while not (tmp_path / "held").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with pytest.raises(StackLocked), exclusive(tmp_path, "key", "prod"):
        pytest.fail("two at once")
    holder.kill()
    holder.wait()
    with exclusive(tmp_path, "key", "prod"):
        pass


def test_the_run_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = run_directory({"XDG_CACHE_HOME": str(tmp_path)})
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0


def test_keys_tell_states_projects_and_stacks_apart() -> None:
    keys = {key_of(*parts) for parts in [("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x")]}
    assert len(keys) == 4
    assert key_of("a", "b", "c") in keys
