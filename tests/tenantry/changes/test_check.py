"""Files that come and go, and what two requests do to each other: on a clone with a bare repository as origin."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.changes import history
from tenantry.changes.check import request_faults
from tenantry.changes.new_tenant import find_code
from tenantry.cli import app
from tenantry.parsing.faults import Fault
from tenantry.reports.baseline import BaselineUnavailable
from tests.support.requests.repository import Clone, git
from tests.tenantry.changes.conftest import TODAY
from tests.tenantry.changes.test_rules import open_anew

Faults = Callable[..., list[Fault]]


def lines(clone: Clone, found: list[Fault]) -> list[str]:
    """The lines without the folder, which is another one each time."""
    return [str(fault).replace(f"{clone.tenants}/", "") for fault in found]


def merged(clone: Clone, change: Callable[[Clone], object]) -> None:
    """Somebody else's request has reached origin's main, and this clone has fetched it."""
    other = Clone.of(clone.root.parent / "origin.git", clone.root.parent / "other")
    change(other)
    other.commit("of somebody else")
    other.git("push", "-q", "origin", "HEAD:main")
    clone.git("fetch", "-q")


@pytest.mark.parametrize("code", ["k001", "k002", "k003", "k004"])
def test_a_file_that_vanished(code: str, clone: Clone, faults: Faults) -> None:
    (clone.tenants / f"{code}.yaml").unlink()
    assert lines(clone, faults()) == [
        f"{code}.yaml:1: file: is gone, and origin/main has it, bring it back with `git checkout origin/main -- "
        f"{clone.tenants}/{code}.yaml`; to delete a tenant write `status: deleted` in it".replace(
            f"{clone.tenants}/", ""
        )
    ]


@pytest.mark.parametrize("code", ["k005", "k006"])
def test_a_tombstone_that_vanished(code: str, clone: Clone, faults: Faults) -> None:
    (clone.tenants / f"{code}.yaml").unlink()
    (line,) = lines(clone, faults())
    assert line.startswith(f"{code}.yaml:1: file: is gone, and with it what keeps its code from being used again")


@pytest.mark.parametrize("old", ["k001.yaml", "k003.yaml"])
def test_a_file_that_was_renamed(old: str, clone: Clone, faults: Faults) -> None:
    clone.git("mv", f"tenants/{old}", "tenants/k030.yaml")
    clone.replace("k030.yaml", f"code: {old[:4]}", "code: k030")
    assert lines(clone, faults()) == [
        f"{old}:1: file: was renamed to k030.yaml, rename it back: a tenant keeps its code {old[:4]}"
    ]


def test_a_file_that_broke_has_not_vanished(clone: Clone, faults: Faults) -> None:
    (clone.tenants / "k001.yaml").write_text("")
    assert faults() == []  # that it is empty is said of the work tree


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("k002.yaml"), lambda path: path.mkdir()])
def test_what_stands_in_its_place_is_said_of_the_work_tree(
    make: Callable[[Path], None], clone: Clone, faults: Faults
) -> None:
    path = clone.tenants / "k001.yaml"
    path.unlink()
    make(path)
    assert faults() == []


def test_a_code_whose_file_main_no_longer_has_is_used_up(clone: Clone, faults: Faults) -> None:
    merged(clone, lambda other: (other.tenants / "k001.yaml").unlink())
    clone.git("merge", "-q", "origin/main")
    open_anew(clone, "k001")
    assert lines(clone, faults()) == [
        "k001.yaml:1: code: k001 was another tenant's, whose file origin/main no longer has, codes are never used again: "
        "open it with `tenantry new`"
    ]


@pytest.mark.parametrize("code", ["k001", "k005", "k006"])
def test_a_file_that_main_lost_may_come_back(code: str, clone: Clone, faults: Faults) -> None:
    merged(clone, lambda other: (other.tenants / f"{code}.yaml").unlink())
    clone.git("merge", "-q", "origin/main")
    clone.git("checkout", "-q", "HEAD^", "--", f"tenants/{code}.yaml")
    assert faults() == []


@pytest.mark.parametrize("code", ["k0001", "k00001", "k000001"])
def test_another_spelling_of_a_code_is_the_same_number(code: str, clone: Clone, faults: Faults) -> None:
    open_anew(clone, code)
    assert lines(clone, faults())[-1].startswith(
        f"{code}.yaml:1: code: {code} is the number of k001.yaml, which origin/main has"
    )


def test_how_a_number_is_spelled() -> None:
    assert history.same_number("k023") == ("k023", "k0023", "k00023", "k000023")
    assert history.same_number("k0023") == history.same_number("k023")
    assert history.same_number("k123456") == ("k123456",)


def test_a_branch_that_lacks_main_has_removed_nothing(clone: Clone, faults: Faults) -> None:
    merged(clone, lambda other: open_anew(other, "k007"))
    merged_again = Clone(clone.root.parent / "other")
    merged_again.replace("k001.yaml", "plan: standard", "plan: premium")
    merged_again.commit()
    merged_again.git("push", "-q", "origin", "HEAD:main")
    clone.git("fetch", "-q")
    assert faults() == []
    clone.replace("k002.yaml", "rotation: 3", "rotation: 4")
    assert faults() == []


def test_two_requests_with_the_same_code(clone: Clone, faults: Faults) -> None:
    merged(clone, lambda other: open_anew(other, "k007"))
    open_anew(clone, "k007", phone="13900138009")
    assert lines(clone, faults()) == [
        "k007.yaml:1: file: origin/main has another tenant's file of this name by now, give this tenant the next free "
        "code, which `tenantry new` finds"
    ]


def test_two_requests_with_the_same_phone(clone: Clone, faults: Faults) -> None:
    merged(clone, lambda other: open_anew(other, "k007"))
    open_anew(clone, "k008")
    assert lines(clone, faults()) == [
        "k008.yaml:3: phone: the number is taken by k007.yaml (once merged with origin/main), give each tenant its own "
        "number"
    ]


def test_the_same_lines_on_both_sides(clone: Clone, faults: Faults) -> None:
    merged(clone, lambda other: other.replace("k001.yaml", "plan: standard", "plan: premium"))
    clone.replace("k001.yaml", "plan: standard", "plan: basic")
    assert lines(clone, faults()) == [
        "k001.yaml:1: file: was changed in origin/main too, run `git merge origin/main` and settle it"
    ]


def test_other_lines_of_one_file_are_merged_as_git_does(clone: Clone, faults: Faults) -> None:
    merged(clone, lambda other: other.replace("k001.yaml", "code: k001", "# first\ncode: k001"))
    clone.replace("k001.yaml", "zhangsan@", "lisi@")
    assert faults() == []
    clone.replace("k001.yaml", "cell: main", "cell: c02")
    assert [fault.field for fault in faults()] == ["cell"]


def test_the_merge_result_itself_is_looked_at_as_it_is(clone: Clone, faults: Faults) -> None:
    """The checkout is that of a runner of `merge_group`: HEAD is a merge, and the reference one of its parents."""
    merged(clone, lambda other: open_anew(other, "k007"))
    open_anew(clone, "k008")
    clone.commit()
    base = clone.git("rev-parse", "origin/main").strip()
    clone.git("merge", "-q", "origin/main")
    assert [fault.field for fault in faults(base)] == []  # the file's own check says that the number is taken twice
    (clone.tenants / "k001.yaml").unlink()
    assert [fault.field for fault in faults(base)] == ["file"]


def test_the_first_request_with_tenants(clone: Clone, faults: Faults) -> None:
    clone.git("mv", "tenants", "customers")
    clone.commit()
    clone.git("push", "-q", "origin", "HEAD:main")
    clone.tenants.mkdir()
    open_anew(clone, "k030")
    assert faults() == []


@pytest.mark.parametrize("reference", ["nowhere", "--output=x", "origin/main:tenants"])
def test_a_reference_that_is_none(reference: str, faults: Faults) -> None:
    with pytest.raises(BaselineUnavailable, match=f"{reference} is no revision.*name a commit, tag"):
        faults(reference)


def test_a_clone_that_is_too_shallow(clone: Clone, faults: Faults, tmp_path: Path) -> None:
    merged(clone, lambda other: open_anew(other, "k007"))
    origin = clone.root.parent / "origin.git"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{origin}", str(tmp_path / "shallow"))
    shallow = Clone(tmp_path / "shallow")
    shallow.git("fetch", "-q", "--depth", "1", "origin", f"{clone.git('rev-parse', 'origin/main~1').strip()}:old")
    with pytest.raises(BaselineUnavailable, match="fetch-depth: 0"):
        request_faults("old", shallow.tenants, "yyup.cc", TODAY)


def test_each_code_of_a_request_that_skips_is_warned_of(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, phone in ((10, "13800138010"), (11, "13800138011")):
        open_anew(clone, f"k{number:03}", phone)
    given = ("validate", str(clone.tenants), "--base", "origin/main", "--today", TODAY.isoformat())
    monkeypatch.chdir(clone.root)
    monkeypatch.setattr(sys, "argv", ["tenantry", *given])
    with pytest.raises(SystemExit) as caught:
        app.main()
    assert caught.value.code in (None, 0)
    warned = [line for line in capsys.readouterr().err.splitlines() if "skips the codes" in line]
    assert len(warned) == 1
    assert "k010.yaml:1: code: k010 skips the codes between it and k006" in warned[0]


def test_a_code_that_another_branch_is_about_to_take_is_no_gap(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tenantry new` leaves it out, and the check of its file must not send its author back to it."""
    other = Clone.of(clone.root.parent / "origin.git", clone.root.parent / "other")
    open_anew(other, "k007")
    other.commit()
    other.git("push", "-q", "origin", "HEAD:open-k007")
    clone.git("fetch", "-q")
    open_anew(clone, find_code(clone.tenants), "13800138024")
    assert (clone.tenants / "k008.yaml").exists()
    monkeypatch.chdir(clone.root)
    monkeypatch.setattr(sys, "argv", ["tenantry", "validate", str(clone.tenants), "--base", "origin/main"])
    with pytest.raises(SystemExit):
        app.main()
    assert "skips the codes" not in capsys.readouterr().err
