"""Names that no two tenants may share, and those that a tombstone keeps."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.fleet.collisions import CodeClaim, collisions, next_code
from tenantry.names import Names
from tenantry.parsing.faults import Fault
from tenantry.parsing.yaml_document import read_document
from tenantry.spec.loader import Source

Write = Callable[..., Path]
Find = Callable[..., tuple[Fault, ...]]
TOMBSTONE = "code: {code}\nstatus: purged\nproof: backup-{code}\n"


def test_a_code_is_used_once(write: Write, faults_of: Find) -> None:
    write()
    path = write("copy.yaml", phone='"13800138002"')
    (fault,) = faults_of()
    assert (fault.file, fault.line, fault.field) == (str(path), 1, "code")
    assert "k001.yaml" in fault.problem
    assert "k002" in fault.remedy


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
    assert "k001.yaml" in fault.problem
    assert "13800138001" not in str(fault)


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


def holder(code: str, phone: str, zone: str = "yyup.cc") -> CodeClaim:
    source = Source(f"{code}.yaml", read_document(f'code: {code}\nphone: "{phone}"\n'.encode()))
    return CodeClaim(source, code, phone, Names(code, phone, zone))


def test_prefixes_within_one_another_are_found_even_if_phones_were_looser() -> None:
    """No two right phones make such prefixes; the check stands in case the rule for phones ever changes."""
    faults = collisions([holder("k001", "138"), holder("k002", "138/0"), holder("k003", "1380")])
    assert [(fault.file, fault.field) for fault in faults] == [("k002.yaml", "phone")]


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
    odd = [CodeClaim(this.source, this.code, this.phone, Odd(this.code, "1", "yyup.cc")) for this in (one, two)]
    assert {fault.field for fault in collisions(odd)} >= {"domain", "database"}


@pytest.mark.parametrize(
    ("codes", "following"),
    [([], "k001"), (["k001"], "k002"), (["k022", "k003"], "k023"), (["k999"], "k1000")],
)
def test_the_next_code(codes: list[str], following: str) -> None:
    assert next_code(codes) == following
