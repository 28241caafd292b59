"""The stand-in for the length of a test, as a process of its own, the way the manager starts the instance's."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.shared.ports import free

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0


@contextmanager
def stand_in(state: Path, account: Mapping[str, str]) -> Generator[str]:
    """The address to give as proxy; the account's keys and id are those of the environment that starts it.

    Raises TimeoutError when it does not answer, and ends it with the block.
    """
    port = free()
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "local.alibaba", "--port", str(port), "--state", str(state)],
        cwd="/",
        env={**os.environ, **account, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        _await(f"{address}/_tenantry/health", process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _await(health: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(health, timeout=1):  # noqa: S310 (loopback, http)
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the Alibaba stand-in does not answer")
