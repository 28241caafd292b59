"""The process of the pods' stand-in as a service: it ends when it is told to, whatever it waits for."""

import signal
import subprocess
import sys
from pathlib import Path

from local.shared.paths import ROOT


def test_it_ends_at_once_while_there_is_no_cluster_yet(tmp_path: Path) -> None:
    options = {"folder": tmp_path, "kubernetes": tmp_path, "sockets": f"tenantry-{tmp_path.name}"}
    ports = dict.fromkeys(("https", "http", "xds"), 1)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "local.gateway",
            "applications",
            *(f"--{name}={value}" for name, value in {**options, **ports}.items()),
        ],
        cwd=ROOT,
    )
    try:
        caught = Path(f"/proc/{process.pid}/status")
        while (
            not int(next(line for line in caught.read_text().splitlines() if "SigCgt" in line).split()[1], 16) & 0x4000
        ):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
