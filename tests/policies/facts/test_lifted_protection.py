"""Protection ends only where a reviewed file says so."""

from pathlib import Path

import pytest

from policies.facts import plan_figures
from policies.facts.lifted_protection import lifted


@pytest.mark.parametrize(
    ("file", "content", "stack", "code", "expected"),
    [
        ("Pulumi.prod.yaml", "config: {'tenantry:allowDestroy': prod}", "prod", "k001", True),
        ("Pulumi.prod.yaml", "config: {'tenantry:allowDestroy': prod}", "prod", None, True),
        ("Pulumi.prod.yaml", "config: {'tenantry:allowDestroy': prod}", "local", "k001", False),
        ("Pulumi.prod.yaml", "config: {'tenantry:allowDestroy': local}", "prod", "k001", False),
        ("Pulumi.prod.yaml", "config: {'tenantry:allowDestroy': true}", "prod", "k001", False),
        ("Pulumi.prod.yaml", "config: [", "prod", "k001", False),
        ("Pulumi.prod.yaml", "config: text", "prod", "k001", False),
        ("tenants/k001.yaml", "{status: purged, proof: backup-1}", "prod", "k001", True),
        ("tenants/k001.yaml", "{status: purged, proof: backup-1}", "prod", "k002", False),
        ("tenants/k001.yaml", "{status: purged, proof: backup-1}", "prod", None, False),
        ("tenants/k001.yaml", "{status: purged}", "prod", "k001", False),
        ("tenants/k001.yaml", "{status: deleted, proof: backup-1}", "prod", "k001", False),
    ],
)
def test_a_file_lifts_the_protection_of_what_it_names(
    tmp_path: Path, file: str, content: str, stack: str, code: str | None, expected: bool
) -> None:
    assert not lifted(stack, code, tmp_path / "nowhere", tmp_path / "nowhere")
    (tmp_path / "tenants").mkdir()
    (tmp_path / file).write_text(content, "utf-8")
    assert lifted(stack, code, tmp_path, tmp_path / "tenants") is expected


def test_the_file_is_looked_for_in_the_folder_of_the_stacks_tenants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "k001.yaml").write_text("{status: purged, proof: backup-1}", "utf-8")
    assert not lifted("prod", "k001", tmp_path)
    monkeypatch.setattr(plan_figures.Folder, "tenants", tmp_path)
    assert lifted("prod", "k001", tmp_path)
