"""`python -m tests`: lint and every test, side by side; while binaries are built, what needs none of them.

`make test` calls it. Lint and types are of one processor alone, and the tests wait for half of their time.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from typing import IO

from local.build.binaries import path_of
from local.build.targets import TARGETS
from local.instances.instance import Instance
from local.shared.paths import ROOT
from tests.support.monitoring.alertmanager import ALERTMANAGER
from tests.support.monitoring.promtool import PROMETHEUS
from tests.support.pytest_plugins.memory_folder import TEMPORARY, memory_folder

# An end-to-end test waits for half of its time: twice as many workers as processors fill each other's gaps.
WORKERS = 4


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("--exhaustive", action="store_true", help="the long lists whole: every kill, every mutation")
    parser.add_argument("--seed", type=int, help="the sample of the long lists; default: the day's number")
    parser.add_argument("--workers", type=int, default=WORKERS, help="tests at once (default: %(default)s)")
    given = parser.parse_args()
    options = ["-n", str(given.workers)]
    options += ["--exhaustive"] if given.exhaustive else []
    options += ["--seed", str(given.seed)] if given.seed is not None else []
    build = subprocess.Popen([sys.executable, "-m", "tests.support.build"], cwd=ROOT)
    lint = _Lint()
    try:
        is_built = all(path_of(target).exists() for target in TARGETS)
        is_built = is_built and all(tools.place.exists() for tools in (PROMETHEUS, ALERTMANAGER))
        failed = _after_build(build, options) if is_built else _beside_build(build, options)
        return lint.end() or failed
    finally:
        for process in (build, lint.process):
            if process.poll() is None:
                process.terminate()
                process.wait()


class _Lint:
    """`make lint` beside the tests. Its faults are shown as soon as it ends; behind the tests a line tells of them."""

    def __init__(self) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with this process)
        command = ["make", "--no-print-directory", "lint"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self._said, stderr=subprocess.STDOUT)
        self._shown = threading.Thread(target=self._show, daemon=True)
        self._shown.start()

    def _show(self) -> None:
        if not self.process.wait():
            print("lint, types, layers, workflows: no fault", flush=True)
            return
        self._said.seek(0)
        print(f"make lint failed:\n{self._said.read().decode(errors='replace')}", file=sys.stderr, flush=True)

    def end(self) -> int:
        """Waits for its end; 0 where nothing was found."""
        self._shown.join()
        if self.process.returncode:
            print("make lint failed: see above", file=sys.stderr, flush=True)
        return self.process.returncode


def _after_build(build: "subprocess.Popen[bytes]", options: list[str]) -> int:
    _compile_tests()
    return build.wait() or _pytest("tests", *options)


def _beside_build(build: "subprocess.Popen[bytes]", options: list[str]) -> int:
    """The compiler leaves a processor idle now and then, above all at its end."""
    print("tests that need no built binary, while those are built", flush=True)
    _compile_tests()
    failed = _pytest("tests", *options, "-m", "not built")
    return build.wait() or _pytest("tests", *options, "-m", "built") or failed


def _compile_tests() -> None:
    """Lets one process rewrite the assertions of all tests: in a new checkout each worker would, at the same time."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "tests"]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)


def _pytest(*options: str) -> int:
    environment = {**os.environ, "TENANTRY_BIN": str(Instance.here().folder / "built")}
    command = [sys.executable, "-m", "pytest", *options]
    with memory_folder() as folder:
        if folder is not None:
            environment |= {TEMPORARY: str(folder), "TMPDIR": str(folder)}
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
