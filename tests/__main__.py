"""`python -m tests`: lint and every test; while binaries are built, what needs none of them. `make test` calls it."""

import argparse
import os
import subprocess
import sys

from local.build.binaries import path_of
from local.build.targets import TARGETS
from local.instances.instance import Instance
from local.shared.paths import ROOT
from tests.support.monitoring.alertmanager import ALERTMANAGER
from tests.support.monitoring.promtool import PROMETHEUS

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
    try:
        is_built = all(path_of(target).exists() for target in TARGETS)
        is_built = is_built and all(tools.place.exists() for tools in (PROMETHEUS, ALERTMANAGER))
        return _lint() or (_after_build(build, options) if is_built else _beside_build(build, options))
    finally:
        if build.poll() is None:
            build.terminate()
            build.wait()


def _after_build(build: "subprocess.Popen[bytes]", options: list[str]) -> int:
    return build.wait() or _pytest("tests", *options)


def _beside_build(build: "subprocess.Popen[bytes]", options: list[str]) -> int:
    """The compiler leaves a processor idle now and then, above all at its end."""
    print("tests that need no built binary, while those are built", flush=True)
    failed = _pytest("tests", *options, "-m", "not built")
    return build.wait() or _pytest("tests", *options, "-m", "built") or failed


def _lint() -> int:
    return subprocess.run(["make", "--no-print-directory", "lint"], cwd=ROOT, check=False).returncode


def _pytest(*options: str) -> int:
    environment = {**os.environ, "TENANTRY_BIN": str(Instance.here().folder / "built")}
    command = [sys.executable, "-m", "pytest", *options]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
