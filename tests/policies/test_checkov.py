"""checkov finds nothing in the objects that the program declares but what is written down here, with its reason.

Only `make test-all` runs it (tests/support/clients/checkov.py). Over those that live: tests/e2e/attack/test_verify.py.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from policies.analyzer.decode import SECRET, SIGNATURE
from tests.support.clients.checkov import failed_checks

# Check and resource (KIND.NAMESPACE.NAME) -> why it may be so.
VARIABLES = "the application's contract names these variables; the same values are offered as files, which is preferred"
VERSION = "the embedded default has no registry to take digests from; production demands them (policies/prod.json)"
LIBPQ = "libpq and the command take their credentials from variables, and nothing else runs in that pod"
EXCEPTIONS = {
    ("CKV_K8S_35", "Deployment.tenant-k001.business-app"): VARIABLES,
    ("CKV_K8S_35", "Deployment.tenant-k001.plugin-enrollment"): VARIABLES,
    ("CKV_K8S_35", "CronJob.tenantry-platform.tenantry-backup"): LIBPQ,
    ("CKV_K8S_35", "Deployment.tenantry-platform.tenantry-exporter"): LIBPQ,
    ("CKV_K8S_43", "Deployment.tenant-k001.business-app"): VERSION,
    ("CKV_K8S_43", "CronJob.tenantry-platform.tenantry-backup"): VERSION,
    ("CKV_K8S_43", "Deployment.tenantry-platform.tenantry-exporter"): VERSION,
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
    return set(failed_checks(tmp_path))


@pytest.mark.sampled(0)
def test_checkov_finds_what_is_written_down_and_nothing_else(findings: set[tuple[str, str]]) -> None:
    assert sorted(findings - EXCEPTIONS.keys()) == []
    assert sorted(EXCEPTIONS.keys() - findings) == [], "these exceptions are needed no more"
