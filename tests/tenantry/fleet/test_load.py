"""The directory as a whole: what tenants may not share, what tombstones keep, what the project holds."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.fleet.load import PROJECT_TENANTS, Fleet, load_fleet
from tenantry.model.lifecycle import Phase
from tenantry.parsing.faults import Fault, Faults
from tenantry.spec.tenant import PLAN_NAMES, TenantSpec

Write = Callable[..., Path]
Find = Callable[..., tuple[Fault, ...]]
TOMBSTONE = "code: {code}\nstatus: purged\nproof: backup-{code}\n"


def test_the_projects_own_tenants() -> None:
    fleet = load_fleet(PROJECT_TENANTS, today=date.today())
    assert len(fleet.tenants) == 13
    assert len(fleet.tombstones) == 9
    assert fleet.codes == {f"k{number:03d}" for number in range(1, 23)}
    assert fleet.next_code == "k023"
    assert {tenant.spec.plan for tenant in fleet.tenants} == {*PLAN_NAMES}
    phones = sorted(tenant.names.phone for tenant in fleet.tenants)
    assert any(phone[:10] == two[:10] for phone, two in pairwise(phones)), "neighbours to attack"


def test_tenants_come_in_the_order_of_their_codes(write: Write, load: Callable[..., Fleet]) -> None:
    for number, code in enumerate(("k010", "k9999", "k002")):
        write(f"{code}.yaml", code=code, phone=f'"1380013800{number}"')
    assert [tenant.code for tenant in load().tenants] == ["k002", "k010", "k9999"]


def test_a_tenant_on_its_way_out_keeps_its_phone_and_its_names(
    write: Write, load: Callable[..., Fleet], faults_of: Find
) -> None:
    write(status="purged", proof="backup-1", deleted_at="2026-09-01")
    fleet = load()
    assert fleet.tenants == ()
    assert [tenant.phase for tenant in fleet.purging] == [Phase.PURGING]
    assert fleet["k001"].names.prefix.endswith("/13800138001/")
    write("k002.yaml", code="k002")
    assert [fault.field for fault in faults_of()] == ["phone"]


def test_the_record_of_a_deletion_counts(write: Write, tmp_path: Path, today: date) -> None:
    write(status="deleted", deleted_at="2020-01-01")
    assert load_fleet(tmp_path, today=today)["k001"].phase is Phase.DUE
    seen = load_fleet(tmp_path, today=today, first_seen_deleted={"k001": today - timedelta(days=29)})
    assert seen["k001"].phase is Phase.RETAINED


def test_own_services_and_plans_of_a_directory_count(write: Write, faults_of: Find) -> None:
    write("services.yaml", content="services: {}\n")
    write()
    assert [fault.field for fault in faults_of()] == ["enabled_services[0]"]


def test_faults_of_the_catalogue_are_told(write: Write, faults_of: Find) -> None:
    path = write("services.yaml", content="services: {enrollment: {port: 80}}\n")
    write()
    faults = {fault.field for fault in faults_of() if fault.file == str(path)}
    assert {"services.enrollment.port", "services.enrollment.image"} <= faults


def test_a_directory_that_is_none(tmp_path: Path, faults_of: Find) -> None:
    (fault,) = faults_of(tmp_path / "nowhere")
    assert fault.field == "directory"


def test_a_wrong_zone(tmp_path: Path, today: date) -> None:
    with pytest.raises(ValueError, match="zone"):
        load_fleet(tmp_path, "*.cc", today=today)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace")))
def test_any_file_loads_or_is_refused_with_faults(tmp_path: Path, today: date, content: bytes) -> None:
    (tmp_path / "k001.yaml").write_bytes(content)
    with pytest.raises(Faults) as caught:
        load_fleet(tmp_path, today=today)
    assert all(str(fault).isprintable() for fault in caught.value.faults)


VALUES = st.sampled_from(
    [
        "~",
        "true",
        "no",
        "1",
        "1.5",
        "x",
        "[]",
        "[1]",
        "[[x]]",
        "{}",
        "{a: 1}",
        "{a: {b: [c]}}",
        "2026-10-01",
        '"x"',
        "deleted",
        "purged",
        "50Gi",
        "*a",
        "!!str x\n",
        "{name: [], email: {}}",
        "",
    ]
)
FIELD_NAMES = st.sampled_from([*TenantSpec.model_fields, "other"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(FIELD_NAMES, st.none() | VALUES, max_size=6))
def test_any_mixture_of_fields_loads_or_is_refused_with_faults(
    tmp_path: Path, today: date, alter: Callable[..., str], changes: dict[str, str | None]
) -> None:
    (tmp_path / "k001.yaml").write_text(alter(**changes))
    try:
        load_fleet(tmp_path, today=today)
    except Faults as faults:
        places = [(fault.line, fault.field) for fault in faults.faults]
        assert len(places) == len(set(places)), "one place, one fault"
