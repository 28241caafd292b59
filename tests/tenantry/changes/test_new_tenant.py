"""`tenantry new`: which code is free, whose phone is taken, and a file that our own reader takes."""

import json
import os
import pty
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.changes.new_tenant import NewTenant, find_code, phone_holder, tenant_text
from tenantry.cli import app
from tenantry.fleet.load import PROJECT_TENANTS, load_fleet
from tenantry.spec.loader import parse_tenant
from tenantry.spec.tenant import TenantSpec
from tests.support.requests.repository import Clone
from tests.tenantry.changes.conftest import TODAY
from tests.tenantry.changes.test_check import merged
from tests.tenantry.changes.test_rules import open_anew

Run = Callable[..., tuple[int, str, str]]
ANSWERS = {
    "--name": "晨光: 第一 幼儿园",
    "--phone": "13900138023",
    "--plan": "standard",
    "--contact": "yes",
    "--email": "office@example.com",
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], clone: Clone) -> Run:
    (clone.root / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (clone.root / "Pulumi.local.yaml").write_text("")
    (clone.root / "Pulumi.c02.yaml").write_text("config:\n  tenantry:holds: [cell/c02]\n")
    monkeypatch.chdir(clone.root)
    monkeypatch.delenv("TENANTRY_STACK", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", *arguments])
        try:
            app.main()
        except SystemExit as ended:
            out, err = capsys.readouterr()
            return int(ended.code or 0), out, err
        raise AssertionError("it did not end")

    return call


def options(**changed: str | None) -> list[str]:
    answers = ANSWERS | {f"--{name}": value for name, value in changed.items()}
    return [word for name, value in answers.items() if value is not None for word in (name, value)]


def test_it_writes_a_file_and_says_the_next_three_commands(run: Run, clone: Clone) -> None:
    code, out, err = run("new", *options(service="enrollment", address="示例路 1 号"))
    assert (code, err) == (0, "")
    path = clone.tenants / "k007.yaml"
    assert out == (
        "wrote tenants/k007.yaml: k007 on plan standard, in cell main; next:\n"
        "  tenantry validate --base origin/main\n"
        '  git switch -c open-k007 && git add tenants/k007.yaml && git commit -m "Open k007"\n'
        "  git push -u origin open-k007\n"
    )
    spec = parse_tenant(path, path.read_bytes()).value
    assert isinstance(spec, TenantSpec)
    assert (spec.name, spec.contact.name, spec.phone) == ("晨光: 第一 幼儿园", "yes", "13900138023")
    assert (spec.cell, spec.enabled_services, spec.address) == ("main", ("enrollment",), "示例路 1 号")
    assert load_fleet(clone.tenants, today=TODAY)["k007"]
    for command in out.splitlines()[1:]:
        assert command.startswith(("  tenantry validate", "  git "))
        if command.startswith("  git "):
            command = command.replace("git commit", "git -c user.name=T -c user.email=t@example.com commit")
            subprocess.run(["bash", "-c", command], cwd=clone.root, check=True, capture_output=True)
        else:
            assert run(*command.split()[1:])[0] == 0
    assert "open-k007" in clone.git("ls-remote", "--heads", "origin")


def test_the_next_commands_can_be_pasted_where_it_was_called(
    run: Run, clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another folder, and on the branch of the request before, which the new one does not bring along."""
    clone.git("switch", "-q", "-c", "open-k007")
    open_anew(clone, "k007")
    clone.commit("Open k007")
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("new", "--json", "-C", str(clone.root), *options(phone="13900138024"))
    assert code == 0
    validate, commit, push = json.loads(out)["next"]
    assert run(*shlex.split(validate)[1:])[0] == 0
    for command in (commit, push):
        command = command.replace("commit -m", "-c user.name=T -c user.email=t@example.com commit -m")
        subprocess.run(["bash", "-c", command], check=True, capture_output=True)
    assert clone.git("log", "--format=%s", "origin/main..origin/open-k008").splitlines() == ["Open k008"]


def test_the_file_is_short_and_says_what_stays(clone: Clone) -> None:
    shutil.copy(PROJECT_TENANTS / "schema.json", clone.tenants)
    tenant = NewTenant("晨光幼儿园", "13900138023", "standard", "张老师", "a@example.com", "main")
    assert tenant_text(clone.tenants, "k007", tenant) == (
        "# yaml-language-server: $schema=./schema.json\n"
        "code: k007  # stays, and is never used again\n"
        "name: 晨光幼儿园\n"
        'phone: "13900138023"  # its files lie below it: stays too\n'
        "plan: standard\n"
        "status: active\n"
        "cell: main\n"
        "contact: {name: 张老师, email: a@example.com}  # receives the first account\n"
        "# Where it differs from its plan, within what the plan allows (docs/plans.md):\n"
        "# limits: {max_users: 120, max_storage: 20Gi}\n"
        "# features: {auditLogs: true}\n"
        "# enabled_services: [enrollment]  # of services.yaml\n"
        "# labels: {region: south}  # for people and their tools, seen by many; `tenantry list --label region=south`\n"
        "# Beside the contact, each with an account of their own; `id` is what reports say, so nobody's name:\n"
        "# administrators:\n"
        '#   - {id: deputy, name: 李老师, phone: "13900139000", email: deputy@example.com, role: tenant_admin}\n'
        "# notes: for people alone, never deployed\n"
    )


def test_what_stands_in_comments_can_be_taken_as_it_is(clone: Clone) -> None:
    tenant = NewTenant("晨光幼儿园", "13900138023", "standard", "张老师", "a@example.com", "main")
    lines = tenant_text(clone.tenants, "k007", tenant).splitlines()
    fields = ("limits", "features", "enabled_services", "labels", "administrators", "  -", "notes")
    taken = [line.removeprefix("# ") if line.removeprefix("# ").startswith(fields) else line for line in lines]
    spec = parse_tenant(clone.tenants / "k007.yaml", "\n".join(taken).encode()).value
    assert isinstance(spec, TenantSpec)
    assert (spec.labels, spec.administrators[0].id) == ({"region": "south"}, "deputy")
    assert spec.notes


def test_labels_are_written_and_looked_at(run: Run, clone: Clone) -> None:
    assert run("new", "--offline", *options(), "--label", "region=south", "--label", "tier=1")[0] == 0
    assert load_fleet(clone.tenants, today=TODAY)["k007"].spec.labels == {"region": "south", "tier": "1"}


def test_a_code_of_any_branch_is_taken(clone: Clone) -> None:
    assert find_code(clone.tenants) == "k007"
    merged(clone, lambda other: open_anew(other, "k007"))
    assert find_code(clone.tenants) == "k008"
    other = Clone(clone.root.parent / "other")
    open_anew(other, "k011")
    other.commit()
    other.git("push", "-q", "origin", "HEAD:add-k011")
    clone.git("fetch", "-q")
    assert find_code(clone.tenants) == "k012"
    clone.git("switch", "-qc", "mine")
    open_anew(clone, "k012")
    clone.commit()
    clone.git("switch", "-q", "main")
    assert find_code(clone.tenants) == "k013"


def test_a_code_that_history_has_is_taken(clone: Clone) -> None:
    open_anew(clone, "k007")
    clone.commit()
    (clone.tenants / "k007.yaml").unlink()
    clone.commit()
    assert find_code(clone.tenants) == "k008"


def test_the_newest_branches_are_asked_for(run: Run, clone: Clone) -> None:
    other = Clone.of(clone.root.parent / "origin.git", clone.root.parent / "other")
    open_anew(other, "k007")
    other.commit()
    other.git("push", "-q", "origin", "HEAD:add-k007")
    assert json.loads(run("new", "--json", "--dry-run", "--offline", *options())[1])["code"] == "k007"
    assert json.loads(run("new", "--json", "--dry-run", *options())[1])["code"] == "k008"


def test_an_origin_that_does_not_answer_is_a_warning(run: Run, clone: Clone) -> None:
    clone.git("remote", "set-url", "origin", "/nowhere")
    code, out, err = run("new", "--dry-run", *options())
    assert (code, out.splitlines()[0].split("  #")[0]) == (0, "code: k007")
    assert err.startswith("warning: origin was not asked for its branches (")


@pytest.mark.parametrize("phone", ["13800138001", "13800138004", "13800138005"])
def test_a_taken_phone_is_refused_at_once(phone: str, run: Run, clone: Clone) -> None:
    code, out, err = run("new", "--offline", *options(phone=phone))
    assert (code, out) == (2, "")
    assert f"taken by tenants/k00{phone[-1]}.yaml" in " ".join(err.replace("│", " ").split())
    assert not (clone.tenants / "k007.yaml").exists()


def test_a_phone_that_a_branch_is_about_to_take(clone: Clone) -> None:
    other = Clone.of(clone.root.parent / "origin.git", clone.root.parent / "other")
    open_anew(other, "k007", phone="13900138077")
    other.commit()
    other.git("push", "-q", "origin", "HEAD:add-k007")
    clone.git("fetch", "-q")
    assert phone_holder(clone.tenants, "13900138077") == "origin/add-k007:k007.yaml"
    assert phone_holder(clone.tenants, "13900138078") is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("name", " x"),
        ("phone", "123"),
        ("plan", "gold"),
        ("contact", ""),
        ("email", "nobody"),
        ("cell", "C 1"),
        ("address", "a\nb"),
        ("service", "No"),
        ("label", "region"),
        ("label", "Region=x"),
        ("label", "region=-x"),
    ],
)
def test_a_wrong_answer_is_refused(option: str, value: str, run: Run, clone: Clone) -> None:
    code, out, err = run("new", "--offline", *options(**{option: value}))
    assert (code, out) == (2, "")
    assert f"--{option}" in err
    assert not (clone.tenants / "k007.yaml").exists()


def test_what_is_missing_is_named_where_nobody_can_be_asked(run: Run) -> None:
    code, _, err = run("new", "--offline", "--plan", "basic")
    assert code == 2
    assert "--name, --phone, --contact, --email" in " ".join(err.replace("│", " ").split())


def test_what_its_plan_does_not_allow_is_not_written(run: Run, clone: Clone) -> None:
    code, out, err = run("new", "--offline", *options(plan="basic", service="flying"))
    assert (code, out) == (1, "")
    assert "enabled_services[0]: flying is in no catalogue" in err
    assert not (clone.tenants / "k007.yaml").exists()


def test_the_cell_is_the_stacks(run: Run, clone: Clone) -> None:
    assert run("new", "--offline", "--stack", "c02", *options())[0] == 0
    assert "cell: c02\n" in (clone.tenants / "k007.yaml").read_text()
    code, _, err = run("new", "--offline", "--stack", "c02", *options(phone="13900138024", cell="main"))
    assert code == 2
    assert "does not hold the cell main: choose from c02" in " ".join(err.replace("│", " ").split())


def test_outside_of_a_repository(tmp_path: Path, run: Run, clone: Clone) -> None:
    folder = Path(shutil.copytree(clone.tenants, tmp_path / "plain"))
    code, out, _ = run("new", "--dir", str(folder), *options())
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["validate", "plan", "up"]
    assert [str(folder) in line for line in out.splitlines()[1:]] == [True, True, False]


def test_a_person_is_asked_until_the_answer_is_good(clone: Clone, run: Run) -> None:
    """On a terminal of its own; two wrong answers among them."""
    main, side = pty.openpty()
    command = [sys.executable, "-m", "tenantry.cli", "new", "--offline", "--contact", "张老师"]
    process = subprocess.Popen(command, cwd=clone.root, stdin=side, stdout=side, stderr=side)
    os.close(side)
    answers = ["晨光幼儿园", "123", "13800138001", "13900138023", "standard", "a@example.com", ""]
    os.write(main, "".join(f"{answer}\n" for answer in answers).encode())
    shown = b""
    while True:
        try:
            part = os.read(main, 4096)
        except OSError:  # the other end is closed: the process has ended
            break
        if not part:
            break
        shown += part
    assert process.wait() == 0, shown.decode()
    text = shown.decode()
    assert "is no mobile number" in text
    assert "the number is taken by tenants/k001.yaml" in text
    assert "wrote tenants/k007.yaml: k007 on plan standard, in cell main" in text


def test_who_is_asked_may_stop(clone: Clone, run: Run) -> None:
    """With the exit code of everything that is interrupted, and without a file."""
    main, side = pty.openpty()
    command = [sys.executable, "-m", "tenantry.cli", "new", "--offline"]
    process = subprocess.Popen(command, cwd=clone.root, stdin=side, stdout=side, stderr=side)
    os.close(side)
    os.write(main, b"\x04")
    assert process.wait() == 130
    os.close(main)
    assert not (clone.tenants / "k007.yaml").exists()
