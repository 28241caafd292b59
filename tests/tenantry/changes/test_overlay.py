"""A preview with credentials sees, of a request, tenants' files, and nothing that could run, lead away or hide."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.changes.overlay import Kind, Refused, lay, look, main
from tenantry.parsing.regular_file import LARGEST
from tests.support.requests.repository import Clone, git
from tests.tenantry.changes.conftest import TENANT

NEW = TENANT.format(code="k030", digit="9", plan="basic")
THEFT = "import os\nprint(dict(os.environ))\n"


def write(clone: Clone, path: str, text: str = NEW) -> Path:
    file = clone.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def request(clone: Clone, change: Callable[[Clone], object]) -> str:
    """The request's commit, made on a branch; the work tree is the base's again."""
    clone.git("checkout", "-q", "-b", "request")
    change(clone)
    clone.commit("request")
    return back(clone)


def back(clone: Clone) -> str:
    commit = clone.git("rev-parse", "HEAD").strip()
    clone.git("checkout", "-q", "-f", "main")
    clone.git("clean", "-qfdx")
    return commit


def files(clone: Clone) -> dict[str, tuple[int, bytes]]:
    """Everything in the work tree with its mode and content, links as what they say."""
    found: dict[str, tuple[int, bytes]] = {}
    for folder, folders, names in os.walk(clone.root):
        if ".git" in folders:
            folders.remove(".git")
        for path in (Path(folder, name) for name in (*names, *folders)):
            is_file = path.is_file() and not path.is_symlink()
            text = path.read_bytes() if is_file else os.fsencode(path.readlink()) if path.is_symlink() else b""
            found[str(path.relative_to(clone.root))] = (path.lstat().st_mode, text)
    return found


def links(path: str, to: str) -> Callable[[Clone], object]:
    def change(clone: Clone) -> None:
        (clone.root / path).unlink(missing_ok=True)
        (clone.root / path).symlink_to(to)

    return change


def executable(path: str) -> Callable[[Clone], object]:
    return lambda clone: write(clone, path).chmod(0o755)


def submodule(clone: Clone) -> None:
    head = clone.git("rev-parse", "HEAD").strip()
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{head},tenants/k030.yaml")
    (clone.tenants / "k030.yaml").mkdir()  # `add -A` takes it for the submodule's folder


def replaced_by_folder(clone: Clone) -> None:
    (clone.tenants / "k001.yaml").unlink()
    write(clone, "tenants/k001.yaml/k030.yaml")


def hidden_rename(clone: Clone) -> None:
    """A rename of a tenant's file to code, which git shows as one line where it looks for renames."""
    clone.git("mv", "tenants/k001.yaml", "stacks.py")


ATTACKS: dict[str, Callable[[Clone], object]] = {
    "code beside": lambda clone: write(clone, "stacks/__main__.py", THEFT),
    "code in the folder": lambda clone: write(clone, "tenants/k030.py", THEFT),
    "code named as data": lambda clone: write(clone, "tenants/yaml.py", THEFT),
    "a package in the folder": lambda clone: write(clone, "tenants/__init__.py", THEFT),
    "another suffix": lambda clone: write(clone, "tenants/k030.yml"),
    "no suffix": lambda clone: write(clone, "tenants/k030"),
    "capitals": lambda clone: write(clone, "tenants/k030.YAML"),
    "no code": lambda clone: write(clone, "tenants/all.yaml"),
    "a code and more": lambda clone: write(clone, "tenants/k030.yaml\n.yaml"),
    "hidden": lambda clone: write(clone, "tenants/.k030.yaml"),
    "the schema": lambda clone: write(clone, "tenants/schema.json", "{}"),
    "a folder below": lambda clone: write(clone, "tenants/k030/k030.yaml"),
    "a file that became a folder": replaced_by_folder,
    "the folder elsewhere": lambda clone: write(clone, "other/tenants/k030.yaml"),
    "the folder in capitals": lambda clone: write(clone, "Tenants/k030.yaml"),
    "at the top": lambda clone: write(clone, "k030.yaml"),
    "a link to a secret": links("tenants/k030.yaml", "/proc/self/environ"),
    "a link inside": links("tenants/k030.yaml", "k001.yaml"),
    "a tenant that became a link": links("tenants/k001.yaml", "../.git/config"),
    "a link at the top": links("stacks", "tenants"),
    "executable": executable("tenants/k030.yaml"),
    "a submodule": submodule,
    "huge": lambda clone: write(clone, "tenants/k030.yaml", "#" * (LARGEST + 1)),
    "a rename to code": hidden_rename,
    "attributes": lambda clone: write(clone, ".gitattributes", "*.yaml filter=theft\n"),
    "attributes in the folder": lambda clone: write(clone, "tenants/.gitattributes", "*.yaml filter=theft\n"),
    "modules": lambda clone: write(clone, ".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = ../x\n'),
    "the workflow": lambda clone: write(clone, ".github/workflows/preview.yml", "on: push\n"),
    "the stack's settings": lambda clone: write(clone, "Pulumi.prod.yaml", "config: {}\n"),
    "the lock file": lambda clone: write(clone, "uv.lock", ""),
    "a migration": lambda clone: write(clone, "migrations/tenant/0002.sql", "select 1;\n"),
}


@pytest.mark.parametrize("with_tenant", [False, True], ids=["alone", "beside a tenant"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_tenants_file_is_not_laid(attack: str, with_tenant: bool, clone: Clone) -> None:
    def change(clone: Clone) -> None:
        ATTACKS[attack](clone)
        if with_tenant:
            write(clone, "tenants/k031.yaml", NEW.replace("k030", "k031"))

    commit, before = request(clone, change), files(clone)
    for setting in ("diff.ignoreSubmodules=all", "diff.renames=copies", "core.fileMode=false", "core.symlinks=false"):
        clone.git("config", *setting.split("="))  # what a person's own settings hide
    assert look(clone.root, commit).kind is Kind.OTHER
    with pytest.raises(Refused):
        lay(clone.root, commit)
    assert files(clone) == before


def test_a_tree_that_leaves_the_folder(clone: Clone) -> None:
    """git itself writes no such tree, but a pushed object may be one."""

    def tree(*entries: tuple[str, str, str]) -> str:
        content = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(object_) for mode, name, object_ in entries)
        command = ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
        return (
            subprocess.run(command, cwd=clone.root, input=content, capture_output=True, check=True)
            .stdout.decode()
            .strip()
        )

    blob = git(clone.root, "hash-object", "-w", str(write(clone, "x")))[:-1]
    (clone.root / "x").unlink()
    out = tree(("40000", "tenants", tree(("40000", "..", tree(("100644", "k030.yaml", blob))))))
    commit = clone.git("commit-tree", out, "-p", "HEAD", "-m", "out").strip()
    before = files(clone)
    with pytest.raises(Refused, match=r"tenants/\.\./k030\.yaml: does not lie in tenants/"):
        lay(clone.root, commit)
    assert files(clone) == before


@pytest.mark.parametrize("name", ["plans.yaml", "services.yaml", "models.yaml"])
def test_catalogues_need_the_platforms_approval(name: str, clone: Clone) -> None:
    commit = request(clone, lambda clone: write(clone, f"tenants/{name}", "{}\n"))
    assert look(clone.root, commit).kind is Kind.CATALOGUES
    with pytest.raises(Refused, match=rf"tenants/{name}: .* needs the platform team's approval"):
        lay(clone.root, commit)


def test_new_changed_and_removed_tenants_are_laid(clone: Clone) -> None:
    def change(clone: Clone) -> None:
        write(clone, "tenants/k030.yaml")
        clone.replace("k001.yaml", "plan: standard", "plan: premium")
        (clone.tenants / "k004.yaml").unlink()

    commit = request(clone, change)
    expected = files(clone)
    assert look(clone.root, commit).kind is Kind.TENANTS
    assert sorted(lay(clone.root, commit)) == ["tenants/k001.yaml", "tenants/k004.yaml", "tenants/k030.yaml"]
    after = files(clone)
    assert after.pop("tenants/k030.yaml") == (0o100644, NEW.encode())
    assert b"plan: premium" in after.pop("tenants/k001.yaml")[1]
    del expected["tenants/k001.yaml"], expected["tenants/k004.yaml"]
    assert after == expected


def test_what_the_base_has_meanwhile_stays(clone: Clone) -> None:
    """A request that is behind neither removes nor undoes what others have merged."""
    commit = request(clone, lambda clone: clone.replace("k002.yaml", "plan: premium", "plan: enterprise"))
    write(clone, "tenants/k030.yaml")
    clone.replace("k001.yaml", "plan: standard", "plan: basic")
    clone.commit("of somebody else")
    assert lay(clone.root, commit) == ["tenants/k002.yaml"]
    assert (clone.tenants / "k030.yaml").exists()
    assert "plan: basic" in (clone.tenants / "k001.yaml").read_text(encoding="utf-8")


def test_a_file_that_both_changed_is_refused(clone: Clone) -> None:
    def change(clone: Clone) -> None:
        clone.replace("k001.yaml", "plan: standard", "plan: premium")
        write(clone, "tenants/k000.yaml")  # laid before it, if anything were

    commit = request(clone, change)
    clone.replace("k001.yaml", "plan: standard", "plan: basic")
    clone.commit("of somebody else")
    before = files(clone)
    with pytest.raises(Refused, match=r"tenants/k001\.yaml: was changed meanwhile, too: merge the target branch"):
        lay(clone.root, commit)
    assert files(clone) == before


def test_a_change_that_the_base_has_already(clone: Clone) -> None:
    commit = request(clone, lambda clone: write(clone, "tenants/k030.yaml"))
    write(clone, "tenants/k030.yaml")
    clone.commit("the same")
    assert lay(clone.root, commit) == []


def test_a_link_in_the_bases_own_folder_is_not_written_through(clone: Clone) -> None:
    outside = write(clone, "outside", "as it was")
    (clone.tenants / "k040.yaml").symlink_to("../outside")
    clone.commit("a link of the base")

    def change(clone: Clone) -> None:
        clone.replace("k001.yaml", "plan: standard", "plan: premium")

    commit = request(clone, change)
    (clone.tenants / "k001.yaml").unlink()
    (clone.tenants / "k001.yaml").symlink_to("../outside")
    clone.git("update-index", "--assume-unchanged", "tenants/k001.yaml")  # and git does not see it
    lay(clone.root, commit)
    assert outside.read_text() == "as it was"
    assert not (clone.tenants / "k001.yaml").is_symlink()


def test_what_is_not_committed_is_not_overwritten(clone: Clone) -> None:
    commit = request(clone, lambda clone: clone.replace("k001.yaml", "plan: standard", "plan: premium"))
    clone.replace("k001.yaml", "plan: standard", "plan: basic")
    with pytest.raises(Refused, match="not committed"):
        lay(clone.root, commit)
    assert "plan: basic" in (clone.tenants / "k001.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("reference", ["--output=k001.yaml", "nowhere", "", "HEAD:tenants/k001.yaml", "a\nb"])
def test_what_is_no_commit(reference: str, clone: Clone) -> None:
    before = files(clone)
    with pytest.raises(Refused, match="is no commit of this clone"):
        lay(clone.root, reference)
    assert files(clone) == before


def test_a_history_of_its_own(clone: Clone) -> None:
    commit = clone.git("commit-tree", "HEAD^{tree}", "-m", "alone").strip()
    with pytest.raises(Refused, match="no commit in common"):
        lay(clone.root, commit)


def test_a_merge_that_is_checked_out_hides_the_request(clone: Clone) -> None:
    """The checkout is that of actions/checkout at a request: against the merge nothing has changed, whatever the request holds."""
    commit = request(clone, lambda clone: write(clone, "stacks.py", THEFT))
    clone.git("merge", "-q", "--no-ff", "--no-edit", commit)
    with pytest.raises(Refused, match="check out the target branch"):
        look(clone.root, "HEAD^2")


def test_objects_put_in_anothers_place_are_not_followed(clone: Clone) -> None:
    commit = request(clone, lambda clone: write(clone, "stacks.py", THEFT))
    clone.git("replace", commit, "main")
    assert look(clone.root, commit).kind is Kind.OTHER


def test_the_command(clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(clone.root)
    fine = request(clone, lambda clone: write(clone, "tenants/k030.yaml"))
    clone.git("branch", "-qD", "request")
    bad = request(clone, lambda clone: write(clone, "tenants/a\x1b[31m.py", THEFT))
    assert (main(["look", fine]), capsys.readouterr()) == (0, ("tenants\n", ""))
    assert main(["look", bad]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err.count("\x1b")) == ("other\n", 0)
    assert main(["lay", bad]) == 1
    assert "is not named as a tenant's file" in capsys.readouterr().err
    assert (main(["lay", fine]), capsys.readouterr().out) == (0, "laid over: tenants/k030.yaml\n")


@pytest.mark.parametrize(
    "name", ["::set-output name=kind::tenants", "##[set-output name=kind;]tenants", "  ::add-mask::a"]
)
def test_a_path_is_no_command_to_the_runner(
    name: str, clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """GitHub's takes `::` at the beginning of a line, and `##[` anywhere in it."""
    monkeypatch.chdir(clone.root)
    commit = request(clone, lambda clone: write(clone, name))
    assert main(["look", commit]) == 0
    assert main(["lay", commit]) == 1
    for line in capsys.readouterr().err.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@pytest.fixture
def moved(clone: Clone) -> Clone:
    """The base has a stack whose tenants lie in a folder of its own."""
    write(clone, "Pulumi.yaml", "name: tenantry\nconfig:\n  tenants: {default: tenants}\n")
    write(clone, "Pulumi.prod.yaml", "config:\n  tenantry:tenants: sites/people\n")
    write(clone, "sites/people/k040.yaml", NEW.replace("k030", "k040"))
    clone.commit("moved")
    return clone


def test_the_folder_is_the_stacks_own(moved: Clone) -> None:
    commit = request(moved, lambda clone: write(clone, "sites/people/k030.yaml"))
    assert look(moved.root, commit).kind is Kind.TENANTS
    assert lay(moved.root, commit) == ["sites/people/k030.yaml"]


def test_another_folder_is_code_also_when_the_request_names_it(moved: Clone) -> None:
    def change(clone: Clone) -> None:
        write(clone, "stacks/k030.yaml")
        write(clone, "Pulumi.prod.yaml", "config:\n  tenantry:tenants: stacks\n")

    found = look(moved.root, request(moved, change))
    assert found.kind is Kind.OTHER
    assert any("stacks/k030.yaml: does not lie in sites/people/, tenants/" in reason for reason in found.reasons)


def test_settings_that_cannot_be_read_stop_it(moved: Clone) -> None:
    write(moved, "Pulumi.prod.yaml", "config: [\n")
    moved.commit("broken")
    commit = request(moved, lambda clone: write(clone, "sites/people/k030.yaml"))
    with pytest.raises(Refused, match=r"Pulumi\.prod\.yaml:2: is no YAML"):
        look(moved.root, commit)


def test_it_starts_as_the_workflows_start_it(clone: Clone) -> None:
    fine = request(clone, lambda clone: write(clone, "tenants/k030.yaml"))
    command = [sys.executable, "-m", "tenantry.changes.overlay", "look", fine]
    done = subprocess.run(command, cwd=clone.root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "tenants\n"), done.stderr
