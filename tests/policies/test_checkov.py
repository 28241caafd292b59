"""checkov finds nothing in the objects that the program declares but what is written down here, with its reason.

Only `make test-all` runs it: it comes with a hundred packages of its own, which tests/support/checkov.txt fixes.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.analyzer.decode import SECRET, SIGNATURE

LOCK = Path(__file__).resolve().parents[1] / "support" / "checkov.txt"
SECONDS = 600  # with the download
# Check and resource (KIND.NAMESPACE.NAME) -> why it may be so.
VARIABLES = "the application's contract names these variables; the same values are offered as files, which is preferred"
VERSION = "the embedded default has no registry to take digests from; production demands them (policies/prod.json)"
EXCEPTIONS = {
    ("CKV_K8S_35", "Deployment.tenant-k001.business-app"): VARIABLES,
    ("CKV_K8S_35", "Deployment.tenant-k001.plugin-enrollment"): VARIABLES,
    ("CKV_K8S_35", "CronJob.tenantry-platform.tenantry-backup"): (
        "libpq and the command take their credentials from variables, and nothing else runs in that pod"
    ),
    ("CKV_K8S_43", "Deployment.tenant-k001.business-app"): VERSION,
    ("CKV_K8S_43", "CronJob.tenantry-platform.tenantry-backup"): VERSION,
}


def clear(value: Any) -> Any:
    """Without the engine's marks of secrets: checkov looks at shapes, and the values are made up."""
    if isinstance(value, dict):
        return clear(value["value"]) if value.get(SIGNATURE) == SECRET else {k: clear(v) for k, v in value.items()}
    return [clear(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def findings(declared: dict[str, Any], tmp_path: Path) -> set[tuple[str, str]]:
    """Check and resource, of the platform and of one tenant: the others have the same objects."""
    for name, wire in declared.items():
        if wire.type.startswith("kubernetes:") and name.startswith(("k001", "platform")):
            (tmp_path / f"{name}.json").write_text(json.dumps(clear(wire.props), ensure_ascii=False))
    return set(_found(tmp_path))


def _found(folder: Path) -> Iterator[tuple[str, str]]:
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


@pytest.mark.sampled(0)
def test_checkov_finds_what_is_written_down_and_nothing_else(findings: set[tuple[str, str]]) -> None:
    assert sorted(findings - EXCEPTIONS.keys()) == []
    assert sorted(EXCEPTIONS.keys() - findings) == [], "these exceptions are needed no more"
