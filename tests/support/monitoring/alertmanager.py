"""A real Alertmanager on loopback, and amtool, which says what one would make of a file."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.shared.ports import free
from tests.support.monitoring.go_tools import MODULES, GoTools

PATIENCE_S: Final = 60
# Its module comes without the pages of its user interface, and is not compiled without any.
ALERTMANAGER: Final = GoTools(
    "alertmanager",
    MODULES / "alertmanager",
    "github.com/prometheus/alertmanager",
    ("alertmanager", "amtool"),
    added={"ui/app/dist/index.html": "none"},
)


def amtool(*arguments: str) -> str:
    """The output. Raises AssertionError with its words for a file that an Alertmanager would refuse."""
    done = subprocess.run(
        [ALERTMANAGER.tool("amtool"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@dataclass
class Alertmanager:
    target: str  # 127.0.0.1:PORT

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://{self.target}/api/v2/{path}", timeout=10) as answer:
            return json.load(answer)

    def alerts(self) -> dict[tuple[str, str], str]:
        """Name and tenant of each alert that it knows -> `active`, or `suppressed`."""
        return {
            (alert["labels"]["alertname"], alert["labels"].get("tenant", "")): alert["status"]["state"]
            for alert in self.ask("alerts")
        }


@contextmanager
def alertmanager(folder: Path, config: dict[str, Any]) -> Iterator[Alertmanager]:
    """Runs one until the block ends. `config` is its file, in which YAML and JSON are one."""
    port = free()
    (folder / "alertmanager.yaml").write_text(json.dumps(config))
    command = [
        ALERTMANAGER.tool("alertmanager"), f"--config.file={folder / 'alertmanager.yaml'}",
        f"--storage.path={folder / 'alerts'}", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        "--log.level=warn",
    ]  # fmt: skip
    log = folder / "alertmanager.log"
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        at = Alertmanager(f"127.0.0.1:{port}")
        try:
            deadline = time.monotonic() + PATIENCE_S
            while True:
                assert process.poll() is None, log.read_text()
                try:
                    at.ask("status")
                except OSError:
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.1)
                else:
                    break
            yield at
        finally:
            process.terminate()
