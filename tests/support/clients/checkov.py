"""checkov over Kubernetes objects, at the version that tests/support/checkov.txt fixes.

It comes with a hundred packages of its own, so only `make test-all` runs it. Fetching them needs a package registry.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "checkov.txt"
SECONDS = 600  # with the download


def failed_checks(folder: Path) -> Iterator[tuple[str, str]]:
    """Check and resource (KIND.NAMESPACE.NAME), of the JSON files in a folder."""
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "there is no uv: `make test-all` brings its own"
    options = ("--framework", "kubernetes", "--skip-download", "--quiet", "--compact", "--output", "json")
    run = (uv, "run", "--quiet", "--no-project", "--python", sys.executable, "--with-requirements", LOCK)
    done = subprocess.run(
        [*run, "checkov", "--directory", folder, *options], capture_output=True, text=True, timeout=SECONDS, cwd=folder
    )
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100
    for check in report["results"]["failed_checks"]:
        yield check["check_id"], check["resource"]
