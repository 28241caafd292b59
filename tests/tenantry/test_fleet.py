"""The directory as a whole: what tenants may not share, what tombstones keep, what the project holds."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.collisions import Holder, collisions, next_code
from tenantry.document import read_document
from tenantry.faults import Fault, Faults
from tenantry.fleet import PROJECT_TENANTS, Fleet, load_fleet
from tenantry.names import Names
from tenantry.phase import Phase
from tenantry.reading import Source
from tenantry.spec import PLAN_NAMES, TenantSpec

Write = Callable[..., Path]
Find = Callable[..., tuple[Fault, ...]]
TOMBSTONE = "code: {code}\nstatus: purged\nproof: backup-{code}\n"


def test_the_projects_own_tenants() -> None:
    fleet = load_fleet(PROJECT_TENANTS, today=date.today())
    assert len(fleet.tenants) == 13
    assert len(fleet.tombstones) == 9
    assert fleet.codes == {f"k{number:03d}" for number in range(1, 23)}
    assert fleet.next_code == "k023"
    assert {one.spec.plan for one in fleet.tenants} == {*PLAN_NAMES}
    phones = sorted(one.names.phone for one in fleet.tenants)
    assert any(one[:10] == two[:10] for one, two in pairwise(phones)), "neighbours to attack"


def test_tenants_come_in_the_order_of_their_codes(write: Write, load: Callable[..., Fleet]) -> None:
    for number, code in enumerate(("k010", "k9999", "k002")):
        write(f"{code}.yaml", code=code, phone=f'"1380013800{number}"')
    assert [one.code for one in load().tenants] == ["k002", "k010", "k9999"]


def test_a_code_is_used_once(write: Write, faults_of: Find) -> None:
    write()
    path = write("copy.yaml", phone='"13800138002"')
    (fault,) = faults_of()
    assert (fault.file, fault.line, fault.field) == (str(path), 1, "code")
    assert "k001.yaml" in fault.wrong and "k002" in fault.remedy


def test_a_code_with_more_zeros_is_the_same_number(write: Write, faults_of: Find) -> None:
    write()
    path = write("k0001.yaml", code="k0001", phone='"13800138002"')
    (fault,) = faults_of()
    assert (fault.file, fault.field) == (str(path), "code")


def test_a_tombstones_code_stays_taken(write: Write, faults_of: Find) -> None:
    write("k001.yaml", content=TOMBSTONE.format(code="k001"))
    path = write("new.yaml")
    (fault,) = faults_of()
    assert (fault.file, fault.field) == (str(path), "code")


def test_a_phone_is_used_once(write: Write, faults_of: Find) -> None:
    write()
    path = write("k002.yaml", code="k002")
    (fault,) = faults_of()
    assert (fault.file, fault.line, fault.field) == (str(path), 3, "phone")
    assert "k001.yaml" in fault.wrong and "13800138001" not in str(fault)


def test_a_phone_is_taken_even_by_a_file_with_faults(write: Write, faults_of: Find) -> None:
    write(plan="gold")
    write("k002.yaml", code="k002")
    assert [(Path(fault.file).name, fault.field) for fault in faults_of()] == [
        ("k001.yaml", "plan"),
        ("k002.yaml", "phone"),
    ]


@pytest.mark.parametrize("kept", [True, False])
def test_a_tombstones_phone_is_taken_while_it_stands_there(kept: bool, write: Write, faults_of: Find) -> None:
    write("k001.yaml", content=TOMBSTONE.format(code="k001") + ('phone: "13800138001"\n' if kept else ""))
    write("k002.yaml", code="k002")
    assert [fault.field for fault in faults_of()] == (["phone"] if kept else [])


def test_a_tenant_on_its_way_out_keeps_its_phone_and_its_names(
    write: Write, load: Callable[..., Fleet], faults_of: Find
) -> None:
    write(status="purged", proof="backup-1", deleted_at="2026-09-01")
    fleet = load()
    assert fleet.tenants == ()
    assert [one.phase for one in fleet.purging] == [Phase.PURGING]
    assert fleet["k001"].names.prefix.endswith("/13800138001/")
    write("k002.yaml", code="k002")
    assert [fault.field for fault in faults_of()] == ["phone"]


def test_the_record_of_a_deletion_counts(write: Write, tmp_path: Path, today: date) -> None:
    write(status="deleted", deleted_at="2020-01-01")
    assert load_fleet(tmp_path, today=today)["k001"].phase is Phase.DUE
    seen = load_fleet(tmp_path, today=today, first_seen_deleted={"k001": today - timedelta(days=29)})
    assert seen["k001"].phase is Phase.RETAINED


def holder(code: str, phone: str, zone: str = "yyup.cc") -> Holder:
    source = Source(f"{code}.yaml", read_document(f'code: {code}\nphone: "{phone}"\n'.encode()))
    return Holder(source, code, phone, Names(code, phone, zone))


def test_prefixes_within_one_another_are_found_even_if_phones_were_looser() -> None:
    """No two right phones make such prefixes; the check stands in case the rule for phones ever changes."""
    found = collisions([holder("k001", "138"), holder("k002", "138/0"), holder("k003", "1380")])
    assert [(fault.file, fault.field) for fault in found] == [("k002.yaml", "phone")]


def test_same_domains_and_databases_are_found_even_if_codes_were_looser() -> None:
    class Odd(Names):
        """Names that depend on nothing."""

        @property
        def domain(self) -> str:
            return "same.yyup.cc"

        @property
        def database(self) -> str:
            return "same"

    one, two = holder("k001", "13800138001"), holder("k002", "13800138002")
    odd = [Holder(this.source, this.code, this.phone, Odd(this.code, "1", "yyup.cc")) for this in (one, two)]
    assert {fault.field for fault in collisions(odd)} >= {"domain", "database"}


@pytest.mark.parametrize(
    ("codes", "following"),
    [([], "k001"), (["k001"], "k002"), (["k022", "k003"], "k023"), (["k999"], "k1000")],
)
def test_the_next_code(codes: list[str], following: str) -> None:
    assert next_code(codes) == following


def test_own_services_and_plans_of_a_directory_count(write: Write, faults_of: Find) -> None:
    write("services.yaml", content="services: {}\n")
    write()
    assert [fault.field for fault in faults_of()] == ["enabled_services[0]"]


def test_faults_of_the_catalogue_are_told(write: Write, faults_of: Find) -> None:
    path = write("services.yaml", content="services: {enrollment: {port: 80}}\n")
    write()
    found = {fault.field for fault in faults_of() if fault.file == str(path)}
    assert {"services.enrollment.port", "services.enrollment.image"} <= found


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
    """~|true|no|1|1.5|x|[]|[1]|[[x]]|{}|{a: 1}|{a: {b: [c]}}|2026-10-01|"x"|deleted|purged|50Gi|*a|!!str x
|{name: [], email: {}}|""".split("|")
)
FIELD_NAMES = st.sampled_from([*TenantSpec.model_fields, "other"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
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
