"""Changes of a tenant's file that a request may not make: each rule in a row, seen to be that rule's alone."""

from collections.abc import Callable

import pytest

from tenantry.changes import check, rules
from tenantry.parsing.faults import Fault
from tests.support.requests.repository import Clone
from tests.tenantry.changes.conftest import KEYS, PROOF, SERVICES, TENANT

Faults = Callable[..., list[Fault]]
Edit = Callable[[Clone], None]
OTHER_PROOF = PROOF.format(code="k009")
REFUSED: dict[str, tuple[rules.Rule, Edit, str]] = {
    "the code in its file": (
        rules.code,
        lambda clone: clone.replace("k001.yaml", "code: k001", "code: k030"),
        "k001.yaml:1: code: is k030, and was k001 in origin/main, write k001 back: a tenant keeps its code",
    ),
    "the phone": (
        rules.phone,
        lambda clone: clone.replace("k001.yaml", "13800138001", "13900138001"),
        'k001.yaml:3: phone: is not the one of origin/main, write phone: "13800138001" back',
    ),
    "the phone of a tombstone": (
        rules.phone,
        lambda clone: clone.replace("k005.yaml", "13800138005", "13900138005"),
        'k005.yaml:3: phone: is not the one of origin/main, write phone: "13800138005" back',
    ),
    "the phone of one who takes a tombstone's place": (
        rules.phone,
        lambda clone: open_anew(clone, "k005", phone="13900138005"),
        'k005.yaml:3: phone: is not the one of origin/main, write phone: "13800138005" back',
    ),
    "the cell": (
        rules.cell,
        lambda clone: clone.replace("k001.yaml", "cell: main", "cell: c02"),
        "k001.yaml:6: cell: is c02, and was main in origin/main, write cell: main back",
    ),
    "the cell by leaving the line out": (
        rules.cell,
        lambda clone: (
            clone.replace("k001.yaml", "cell: main", "cell: c02"),
            clone.commit(),
            clone.git("branch", "-f", "moved"),
            clone.replace("k001.yaml", "cell: c02\n", ""),
        )[-1],
        "k001.yaml:1: cell: is main, and was c02 in moved, write cell: c02 back",
    ),
    "a code that a bare tombstone keeps": (
        rules.reused_code,
        lambda clone: open_anew(clone, "k006"),
        "k006.yaml:1: code: the tenant k006 of origin/main is gone, and codes are never used again",
    ),
    "a tombstone's name": (
        rules.tombstone,
        lambda clone: clone.replace("k005.yaml", "name: 示例", "name: 另一个"),
        "k005.yaml:2: name: is changed by hand in a tombstone, write it as in origin/main",
    ),
    "a tombstone's day": (
        rules.tombstone,
        lambda clone: clone.replace("k006.yaml", "2026-09-01", "2026-08-01"),
        "k006.yaml:4: deleted_at: is changed by hand in a tombstone",
    ),
    "a tombstone's proof": (
        rules.tombstone,
        lambda clone: clone.replace("k006.yaml", PROOF.format(code="k005"), OTHER_PROOF),
        "k006.yaml:5: proof: is changed by hand in a tombstone",
    ),
    "a bare tombstone's phone": (
        rules.tombstone,
        lambda clone: clone.replace("k006.yaml", "status:", 'phone: "13800138006"\nstatus:'),
        "k006.yaml:2: phone: is changed by hand in a tombstone",
    ),
    "purged who was active": (
        rules.purged,
        lambda clone: clone.replace(
            "k001.yaml", "status: active", f"status: purged\ndeleted_at: 2026-09-01\nproof: {OTHER_PROOF}"
        ),
        "k001.yaml:5: status: is purged, and was active in origin/main, write `status: deleted` and its day",
    ),
    "a tombstone who was active": (
        rules.purged,
        lambda clone: bury(clone, "k001"),
        "k001.yaml:2: status: is purged, and was active in origin/main",
    ),
    "the day of a deletion once it is purged": (
        rules.deletion,
        lambda clone: clone.replace("k004.yaml", "2026-09-01", "2026-08-01"),
        "k004.yaml:6: deleted_at: is not the one of origin/main, write deleted_at: 2026-09-01 back",
    ),
    "the day of a deletion as it is purged": (
        rules.deletion,
        lambda clone: clone.replace(
            "k003.yaml",
            "status: deleted\ndeleted_at: 2026-09-01",
            f"status: purged\ndeleted_at: 2026-08-01\nproof: {OTHER_PROOF}",
        ),
        "k003.yaml:6: deleted_at: is not the one of origin/main",
    ),
    "the proof": (
        rules.deletion,
        lambda clone: clone.replace("k004.yaml", PROOF.format(code="k004"), OTHER_PROOF),
        f"k004.yaml:7: proof: is not the one of origin/main, write proof: {PROOF.format(code='k004')} back",
    ),
    "a tombstone with another proof": (
        rules.deletion,
        lambda clone: bury(clone, "k004"),
        "k004.yaml:4: proof: is not the one of origin/main",
    ),
    "a rotation that skips a number": (
        rules.rotation,
        lambda clone: clone.replace("k002.yaml", "{rotation: 2}", "{rotation: 4}"),
        "k002.yaml:11: credentials.rotation: is 4, and was 2 in origin/main, write 2, or 3 to rotate",
    ),
    "a rotation that falls": (
        rules.rotation,
        lambda clone: clone.replace("k002.yaml", "credentials: {rotation: 2}\n", ""),
        "k002.yaml:1: credentials.rotation: is 1, and was 2 in origin/main",
    ),
    "a key's rotation that falls": (
        rules.rotation,
        lambda clone: clone.replace("k002.yaml", "rotation: 3", "rotation: 2"),
        "k002.yaml:10: api_keys[0].rotation: is 2, and was 3 in origin/main, write 3, or 4 to rotate",
    ),
    "a new key that was rotated already": (
        rules.rotation,
        lambda clone: clone.replace("k002.yaml", "name: crm", "name: erp"),
        "k002.yaml:10: api_keys[0].rotation: is 3, and was 1 in origin/main",
    ),
    "a smaller plan in the run that takes services away": (
        rules.smaller_plan,
        lambda clone: (
            clone.replace("k002.yaml", "plan: premium", "plan: basic"),
            clone.replace("k002.yaml", SERVICES + KEYS, "credentials: {rotation: 2}\n"),
        )[-1],
        "k002.yaml:4: plan: basic has no room while the services of plan premium are still there",
    ),
}


def open_anew(clone: Clone, code: str, phone: str = "13900138000") -> None:
    text = TENANT.format(code=code, digit=0, plan="basic").replace("13800138000", phone)
    (clone.tenants / f"{code}.yaml").write_text(text)


def bury(clone: Clone, code: str) -> None:
    text = f"code: {code}\nstatus: purged\ndeleted_at: 2026-09-01\nproof: {OTHER_PROOF}\n"
    (clone.tenants / f"{code}.yaml").write_text(text)


def reference_of(clone: Clone) -> str:
    return "moved" if "moved" in clone.git("branch", "--list", "moved") else "origin/main"


@pytest.mark.parametrize("row", REFUSED)
def test_what_is_refused(row: str, clone: Clone, faults: Faults) -> None:
    _, edit, line = REFUSED[row]
    edit(clone)
    (fault,) = faults(reference_of(clone))
    assert str(fault).startswith(f"{clone.tenants}/{line}"), str(fault)
    clone.commit()  # whether it is committed or not
    assert faults(reference_of(clone)) == [fault]


@pytest.mark.parametrize("row", REFUSED)
def test_without_its_rule_it_passes(row: str, clone: Clone, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, edit, _ = REFUSED[row]
    edit(clone)
    monkeypatch.setattr(check, "RULES", tuple(entry for entry in rules.RULES if entry is not rule))
    assert faults(reference_of(clone)) == []


def test_every_rule_has_a_row() -> None:
    assert {rule for rule, _, _ in REFUSED.values()} == set(rules.RULES)


ALLOWED: dict[str, Edit] = {
    "nothing": lambda clone: None,
    "a comment": lambda clone: clone.replace("k005.yaml", "code: k005", "# the first to go\ncode: k005  # gone"),
    "the plan": lambda clone: clone.replace("k001.yaml", "plan: standard", "plan: premium"),
    "a smaller plan whose services stay": lambda clone: (
        clone.replace("k002.yaml", "plan: premium", "plan: standard"),
        clone.replace("k002.yaml", "[enrollment, activities, posters, messaging, assessments]", "[enrollment]"),
    )[0],
    "suspended": lambda clone: clone.replace("k001.yaml", "status: active", "status: suspended"),
    "deleted": lambda clone: clone.replace("k001.yaml", "status: active", "status: deleted\ndeleted_at: 2026-11-01"),
    "a deletion that is cancelled": lambda clone: clone.replace(
        "k003.yaml", "status: deleted\ndeleted_at: 2026-09-01", "status: active"
    ),
    "a removal that is cancelled": lambda clone: clone.replace(
        "k004.yaml",
        f"status: purged\ndeleted_at: 2026-09-01\nproof: {PROOF.format(code='k004')}",
        "status: active",
    ),
    "purged who was deleted": lambda clone: clone.replace(
        "k003.yaml", "status: deleted", f"status: purged\nproof: {OTHER_PROOF}"
    ),
    "a tombstone who was deleted": lambda clone: bury(clone, "k003"),
    "a tombstone taken back": lambda clone: open_anew(clone, "k005", phone="13800138005"),
    "a tombstone stripped": lambda clone: clone.replace("k005.yaml", 'name: 示例\nphone: "13800138005"\n', ""),
    "a tombstone's number set free": lambda clone: clone.replace("k005.yaml", 'phone: "13800138005"\n', ""),
    "a rotation": lambda clone: clone.replace("k002.yaml", "{rotation: 2}", "{rotation: 3}"),
    "a key that goes": lambda clone: clone.replace("k002.yaml", KEYS, "credentials: {rotation: 2}\n"),
    "a new tenant": lambda clone: open_anew(clone, "k007"),
    "the cell written out": lambda clone: clone.replace("k001.yaml", "cell: main\n", ""),
}


@pytest.mark.parametrize("row", ALLOWED)
def test_what_is_allowed(row: str, clone: Clone, faults: Faults) -> None:
    ALLOWED[row](clone)
    assert faults() == []


def test_a_file_with_other_faults_is_compared_as_far_as_it_can_be_read(clone: Clone, faults: Faults) -> None:
    clone.replace("k001.yaml", "plan: standard", "plan: gold")
    clone.replace("k001.yaml", "13800138001", "13900138001")
    assert [fault.field for fault in faults()] == ["phone"]
