"""Each way in which a tenant's file can vanish stops the run before any change, also with plain Pulumi."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

BY_HAND = ("pulumi", "up", "--stack", "local", "--yes", "--skip-preview", "--non-interactive")
TARGETED = (*BY_HAND, "--target", "urn:pulumi:local::tenantry::tenantry:components:Tenant::k002")
OURS = ("tenantry", "up", "--stack", "local")
PROOF = "k001-20260901T000000Z-0123456789abcdef"


def gone(file: Path) -> None:
    file.unlink()


def renamed(file: Path) -> None:
    file.rename(file.with_name("k099.yaml"))


def renamed_inside_too(file: Path) -> None:
    text = file.read_text().replace("k001", "k099")
    file.rename(file.with_name("k099.yaml")).write_text(text)


def emptied(file: Path) -> None:
    file.write_text("")


def broken(file: Path) -> None:
    file.write_text(file.read_text() + "  : [\n")


def moved_into_a_directory(file: Path) -> None:
    folder = file.parent / "c02"
    folder.mkdir()
    file.rename(folder / file.name)


def moved_out(file: Path) -> None:
    file.rename(file.parent.parent / file.name)


def of_another_cell(file: Path) -> None:
    file.write_text(file.read_text().replace("cell: main", "cell: c02"))


def of_another_phone(file: Path) -> None:
    file.write_text(file.read_text().replace("13800138001", "13911112222"))


def a_link(file: Path) -> None:
    target = file.parent.parent / "elsewhere.yaml"
    file.rename(target)
    file.symlink_to(target)


def purged_by_hand(file: Path) -> None:
    file.write_text(file.read_text().replace("status: active", f"status: purged\nproof: {PROOF}"))


def a_tombstone_by_hand(file: Path) -> None:
    file.write_text(f"code: k001\nstatus: purged\nproof: {PROOF}\n")


WAYS = {
    gone: "bring the file back",
    renamed: "k099",
    renamed_inside_too: "bring the file back",
    emptied: "is empty",
    broken: "YAML",
    moved_into_a_directory: "side by side",
    moved_out: "bring the file back",
    of_another_cell: "write `cell: main` back",
    of_another_phone: 'write `phone: "13800138001"` back',
    a_link: "symbolic link",
    purged_by_hand: "only `tenantry purge` writes purged",
    a_tombstone_by_hand: "only `tenantry purge` writes purged",
}


def everything(life: Any) -> Any:
    return life.data(), life.records(), life.namespaces(), life.databases(), sorted(life.world.alibaba()["roles"])


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("way", "told"), WAYS.items(), ids=[way.__name__ for way in WAYS])
def test_the_run_stops_before_any_change(life: Any, way: Callable[[Path], None], told: str) -> None:
    held, file = everything(life), life.world.tenant_file("k001")
    folder, text = life.world.folder, file.read_text()
    way(file)
    try:
        for command in (OURS, BY_HAND, TARGETED):
            refused = life.world.run(*command, ok=None)
            assert refused.returncode != 0, command
            assert told in refused.stdout + refused.stderr, command
        assert everything(life) == held
        assert [resource["urn"] for resource in life.world.resources() if "::k001" in resource["urn"]]
    finally:
        for left in (folder / "tenants" / "c02", folder / "tenants"):
            for other in left.glob("k0[09][19].yaml"):
                other.unlink()
        if (folder / "tenants" / "c02").exists():
            (folder / "tenants" / "c02").rmdir()
        for other in ("k001.yaml", "elsewhere.yaml"):
            (folder / other).unlink(missing_ok=True)
        file.write_text(text)


def test_another_folder_of_tenants_stops_it_too(life: Any) -> None:
    held = everything(life)
    other = life.world.folder / "others"
    other.mkdir()
    (other / "k002.yaml").write_text(life.world.tenant_file("k002").read_text())
    life.configure(tenants="others")
    refused = life.world.run(*BY_HAND, ok=None)
    life.configure(tenants=None)
    assert refused.returncode != 0
    assert "bring the file back" in refused.stdout + refused.stderr
    assert everything(life) == held


def test_a_setting_that_moves_everybody_is_asked_for_twice(life: Any) -> None:
    """Remembered once a run has come to its end with it, and not before."""
    held = everything(life)
    life.configure(gatewayAddress="192.0.2.11")
    try:
        for command in (OURS, BY_HAND):
            refused = life.world.run(*command, ok=None)
            assert refused.returncode != 0, command
            assert "tenantry:gatewayAddress: was 192.0.2.10, is 192.0.2.11" in refused.stdout + refused.stderr
        assert everything(life) == held
        shown = life.world.run("tenantry", "preview", "--stack", "local")
        assert "`up` will refuse this" in shown.stdout + shown.stderr
        life.configure(allowChange="gatewayAddress=192.0.2.11")
        life.control(
            "POST", "faults", {"pattern": "alidns:UpdateDomainRecord", "kind": "error", "times": 99, "status": 403}
        )
        assert life.world.up(ok=None).returncode != 0
        life.control("DELETE", "faults")
        outputs = life.world.stack_outputs()
        assert outputs["settings"]["gatewayAddress"] == "192.0.2.10"
        assert outputs["tenants"].keys() == {"k001", "k002"}
        life.world.up()
        assert life.world.stack_outputs()["settings"]["gatewayAddress"] == "192.0.2.11"
        life.configure(allowChange="gatewayAddress=192.0.2.10", gatewayAddress=None)
        life.world.up()
        assert everything(life) == held
    finally:
        life.control("DELETE", "faults")
        life.configure(gatewayAddress=None, allowChange=None)


def test_a_preview_of_another_zone_is_not_refused_by_the_rules_of_today(life: Any) -> None:
    life.configure(zone="example.com")
    try:
        shown = life.world.run("tenantry", "preview", "--stack", "local")
    finally:
        life.configure(zone=None)
    said = shown.stdout + shown.stderr
    assert "tenantry:zone: was yyup.cc, is example.com" in said
    assert "which refuses them as it stands and is changed by this run" in said


def test_a_purge_without_a_recorded_proof_removes_nothing(life: Any) -> None:
    """Also for a tenant that is due: the id of a proof counts for nothing without the proof."""
    held = life.data()
    life.delete(date(2026, 10, 1))
    life.world.up()
    life.on(date(2026, 11, 30))
    life.world.up()
    life.write(status="purged", proof=PROOF)
    refused = life.world.up(ok=None)
    assert refused.returncode != 0
    assert "on record as no proved backup" in refused.stdout + refused.stderr
    file = life.world.tenant_file("k001")
    text = file.read_text()
    for personal in ("", 'phone: "13800138001"\n'):
        file.write_text(f"code: k001\nstatus: purged\nproof: {PROOF}\n{personal}")
        assert life.world.up(ok=None).returncode != 0
        assert life.data() == held
    file.write_text(text)
    life.write(status="active", deleted_at=None, proof=None)
    life.world.up()
    assert life.phase() == "active"
    assert life.may_log_in()
    assert life.data() == held
