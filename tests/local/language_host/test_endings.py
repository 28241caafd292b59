"""However a run ends, no process of it stays."""

import signal

import pytest

SLEEPS = """
import pulumi, subprocess, sys, time
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", stubborn])
print("now", flush=True)
open("started", "w").close()
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_behind_an_engine_that_is_stopped(project, wait_until, number: signal.Signals) -> None:
    project.program(SLEEPS)
    running = project.start("preview")
    assert wait_until((project.folder / "started").exists, 60)
    assert len(project.processes()) >= 4  # engine, host, program and what that started
    running.send_signal(number)
    output, _ = running.communicate(timeout=10)
    assert project.all_gone(5), project.processes()
    assert running.returncode != 0
    if number != signal.SIGKILL:
        assert "canceled" in output
    assert "Traceback" not in output


def test_nothing_stays_behind_a_host_that_is_killed(project, wait_until) -> None:
    project.program(SLEEPS)
    running = project.start("preview")
    assert wait_until((project.folder / "started").exists, 60)
    (host,) = [process for process in project.processes() if "local.language_host" in process.cmdline()]
    host.kill()
    running.communicate(timeout=20)
    assert running.returncode != 0
    assert project.all_gone(5), project.processes()


def test_what_a_finished_program_left_running_is_ended(project) -> None:
    project.program(SLEEPS.rsplit("time.sleep", 1)[0])
    project.pulumi("preview")
    assert project.all_gone(5), project.processes()
