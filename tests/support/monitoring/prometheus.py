"""A real Prometheus on loopback, of the same Go module as promtool."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.shared.ports import free
from tests.support.monitoring.promtool import PROMETHEUS

PATIENCE_S: Final = 300


@dataclass
class Prometheus:
    address: str
    process: "subprocess.Popen[bytes]"

    def ask(self, path: str, **given: str) -> Any:
        url = f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(given)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def firing(self) -> set[tuple[str, str]]:
        """Name and tenant of each alert that fires; of one without a tenant, an empty one."""
        return {
            (alert["labels"]["alertname"], alert["labels"].get("tenant", ""))
            for alert in self.ask("alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def wait(self, what: Callable[[], bool]) -> None:
        """Until it is so. Raises AssertionError with what fires instead."""
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            assert self.process.poll() is None, "Prometheus has ended"
            assert time.monotonic() < deadline, f"firing: {sorted(self.firing())}"
            time.sleep(0.2)


@contextmanager
def prometheus(folder: Path, config: dict[str, Any]) -> Iterator[Prometheus]:
    """Runs one until the block ends. `config` is its file, in which YAML and JSON are one."""
    port = free()
    (folder / "prometheus.yaml").write_text(json.dumps(config))
    command = [
        PROMETHEUS.tool("prometheus"), f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        at = Prometheus(f"http://127.0.0.1:{port}", process)
        try:
            _await(at, folder)
            yield at
        finally:
            process.terminate()


def _await(at: Prometheus, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert at.process.poll() is None, (folder / "prometheus.log").read_text()
        try:
            at.ask("status/runtimeinfo")
        except OSError:
            assert time.monotonic() < deadline, (folder / "prometheus.log").read_text()
            time.sleep(0.1)
        else:
            return
