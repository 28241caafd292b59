"""Scratch Pulumi projects that run with the real engine and our language host, everything below a temporary folder."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the engine and, beside it (else the engine warns), the launcher of the language host under test."""
    built = Path(os.environ.get("TENANTRY_BIN", ROOT / ".local" / "built")) / "pulumi"
    if not built.is_file():
        pytest.fail(
            f"there is no engine at {built}: run `make build`, or set TENANTRY_BIN to a folder that holds pulumi"
        )
    folder = tmp_path_factory.mktemp("engine")
    try:
        (folder / "pulumi").hardlink_to(built.resolve())
    except OSError:  # another file system
        shutil.copy2(built, folder / "pulumi")
    launcher = folder / "pulumi-language-python"
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -P -m local.language_host "$@"\n')
    launcher.chmod(0o755)
    return folder


@dataclass
class Project:
    """One project on its own state, with the stack `dev`."""

    folder: Path
    env: dict[str, str]

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def program(self, text: str) -> None:
        self.file("__main__.py", text)

    def pulumi(self, *arguments: str, ok: bool = True) -> str:
        """Everything that the engine printed; fails unless it ended as expected."""
        done = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode == 0) is ok, f"{arguments} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def processes(self) -> list[psutil.Process]:
        """Every living process that was started, at whatever depth, for this project: all inherit its PULUMI_HOME."""
        found = list[psutil.Process]()
        for process in psutil.process_iter():
            try:
                if process.environ().get("PULUMI_HOME") == self.env["PULUMI_HOME"]:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def all_gone(self, seconds: float) -> bool:
        return wait_until(lambda: not self.processes(), seconds)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(name="wait_until")
def wait_until_fixture() -> Callable[[Callable[[], bool], float], bool]:
    return wait_until


@pytest.fixture
def project(engine: Path, tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "state").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "PYTHON"))}
    made = Project(
        folder,
        kept
        | {
            "PATH": os.pathsep.join([str(engine), os.environ["PATH"]]),
            "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "for tests only",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        },
    )
    made.file("Pulumi.yaml", "name: scratch\nruntime: python\n")
    made.pulumi("stack", "init", "dev")
    yield made
    for process in made.processes():
        process.send_signal(signal.SIGKILL)
