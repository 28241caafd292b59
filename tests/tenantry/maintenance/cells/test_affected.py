"""The stacks that a change of files touches: no other one, and in the order of their runs."""

import json
import sys
from collections.abc import Callable

import pytest

from tenantry.cli import app
from tenantry.engine.errors import CommandError
from tenantry.engine.stack.project import Project
from tenantry.maintenance.cells.affected import affected_stacks
from tenantry.maintenance.cells.site import placed_stacks
from tests.support.requests.repository import ACTIVE, PROOF, Clone
from tests.tenantry.maintenance.cells.conftest import tenant, write

ALL_OF_PROD = ["prod", "prod-c02", "prod-c01", "prod-c03"]
TOMBSTONE = f"code: k002\nstatus: purged\ncell: c01\ndeleted_at: 2026-09-01\nproof: {PROOF.replace('k001', 'k002')}\n"


def names(project: Project, *chosen: str, base: str = "origin/main") -> list[str]:
    return [entry.stack.name for entry in affected_stacks(project, base, placed_stacks(project, chosen))]


@pytest.mark.parametrize(
    ("files", "touched"),
    [
        ({}, []),
        ({"docs/life.md": "more", "README.md": "x", "tests/test_a.py": "", "Makefile": "x"}, []),
        ({"tenants/k002.yaml": tenant("k002", "c01", plan="standard")}, ["prod-c01"]),
        ({"tenants/k001.yaml": tenant("k001", "main", plan="standard")}, ["prod"]),
        ({"tenants/k003.yaml": tenant("k003", "c03")}, ["prod-c02", "prod-c03"]),
        ({"tenants/k005.yaml": tenant("k005", "c03")}, ["prod", "prod-c03"]),
        ({"tenants/k002.yaml": TOMBSTONE}, ["prod", "prod-c01"]),
        ({"tenants/k005.yaml": tenant("k005", "c07")}, ["prod"]),
        ({"tenants/k002.yaml": "code: k002\ncell: [\n"}, ALL_OF_PROD),
        ({"tenants/k002.yaml": tenant("k002", "c01", plan="none-of-ours")}, ["prod", "prod-c01"]),
        ({"tenants/plans.yaml": "plans: {basic: {}}\n"}, [*ALL_OF_PROD, "small"]),
        ({"tenants/services.yaml": "services: {}\n", "customers/services.yaml": "services: {}\n"}, [*ALL_OF_PROD, "small"]),
        ({"customers/plans.yaml": "plans: {}\n"}, ["small"]),
        ({"customers/k009.yaml": tenant("k009", "main", plan="premium")}, ["small"]),
        ({"Pulumi.prod-c03.yaml": "config: {'tenantry:holds': [cell/c03]}\n"}, ["prod-c03"]),
        ({"Pulumi.prod.yaml": "config: {'tenantry:holds': [platform]}\n"}, ALL_OF_PROD),
        ({"Pulumi.yaml": "name: shop\nruntime: python\ndescription: x\n"}, [*ALL_OF_PROD, "small"]),
        ({"stacks/program.py": "print()", "docs/life.md": "x"}, [*ALL_OF_PROD, "small"]),
        ({"tenantry/new.py": "", "tenants/k009.txt": ""}, [*ALL_OF_PROD, "small"]),
        ({"local/engine/go.sum": "x"}, []),
    ],
)  # fmt: skip
def test_a_change_touches(files: dict[str, str], touched: list[str], clone: Clone, project: Project) -> None:
    write(clone.root, files)
    assert names(project) == touched


def test_what_is_committed_counts_as_what_is_not(clone: Clone, project: Project) -> None:
    write(clone.root, {"tenants/k005.yaml": tenant("k005", "c03")})
    clone.commit()
    clone.replace("k003.yaml", "basic", "standard")
    assert names(project) == ["prod", "prod-c02", "prod-c03"]


def test_a_file_that_goes_touches_whose_it_was(clone: Clone, project: Project) -> None:
    (clone.tenants / "k004.yaml").unlink()
    assert names(project) == ["prod", "prod-c03"]


def test_what_the_base_got_meanwhile_is_not_the_branchs(clone: Clone, project: Project) -> None:
    clone.git("checkout", "-qb", "branch")
    clone.replace("k002.yaml", "basic", "standard")
    clone.commit()
    clone.git("checkout", "-q", "main")
    clone.replace("k004.yaml", "basic", "standard")
    clone.commit()
    clone.git("checkout", "-q", "branch")
    assert names(project, base="main") == ["prod-c01"]


def test_a_project_in_a_folder_of_the_repository(clone: Clone) -> None:
    clone.git("mv", "-k", "Pulumi.yaml", "docs")  # an empty commit would be none
    below = clone.root / "below"
    below.mkdir()
    for path in [*clone.root.glob("Pulumi*.yaml"), clone.root / "docs" / "Pulumi.yaml", clone.tenants]:
        path.rename(below / path.name)
    clone.commit()
    write(below, {"tenants/k004.yaml": tenant("k004", "c03", plan="standard")})
    write(clone.root, {"tenants/k003.yaml": ACTIVE, "stacks/program.py": "print()"})
    assert names(Project(below), base="HEAD") == ["prod-c03"]


def test_some_stacks_alone(clone: Clone, project: Project) -> None:
    write(clone.root, {"uv.lock": "x", "local/engine/go.sum": "x"})
    assert names(project, "prod") == ALL_OF_PROD
    assert names(project, "organization/shop/prod-c03", "small") == ["prod-c03", "small"]
    assert names(project, "local") == ["local"]
    with pytest.raises(CommandError, match=r"there is no Pulumi\.prdo\.yaml"):
        names(project, "prdo")


def test_the_embedded_default_is_named_or_left_out(clone: Clone, project: Project) -> None:
    write(clone.root, {"local/engine/go.sum": "x"})
    assert names(project) == []
    assert names(project, "local") == ["local"]


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", "affected", "--cwd", str(clone.root), *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def test_what_is_printed(clone: Clone, run: Run) -> None:
    assert run("--base", "origin/main") == (0, "no stack is touched\n", "")
    assert run("--base", "origin/main", "--matrix") == (0, "[]\n", "")
    for name in ("a.py", "b.py", "c.py", "d\n.py"):
        write(clone.root, {f"stacks/{name}": ""})
    code, out, _ = run("--base", "origin/main", "--stack", "prod")
    assert code == 0
    assert out.splitlines()[:2] == [
        "prod      site    stacks/a.py, stacks/b.py, stacks/c.py and 1 more",
        "prod-c02  canary  stacks/a.py, stacks/b.py, stacks/c.py and 1 more",
    ]
    document = json.loads(run("--base", "origin/main", "--format", "json")[1])
    assert document[1] == {
        "stack": "prod-c02",
        "site": "prod",
        "turn": "canary",
        "files": ["stacks/a.py", "stacks/b.py", "stacks/c.py", "stacks/d\\n.py"],
    }
    assert json.loads(run("--base", "origin/main", "--matrix")[1]) == [
        ["prod", "small"],
        ["prod-c02"],
        ["prod-c01", "prod-c03"],
    ]


def test_without_such_a_revision_it_is_refused(run: Run) -> None:
    code, out, err = run("--base", "nowhere")
    assert (code, out) == (1, "")
    assert "nowhere is no revision here" in err


def test_stacks_that_are_listed_keep_their_order_within_a_turn(run: Run) -> None:
    listed = '["organization/shop/small", "prod-c03", "prod", "prod-c01"]'
    assert run("--all", "--stacks", listed, "--format", "github")[1] == (
        'site=["small", "prod"]\ncanary=["prod-c01"]\ncell=["prod-c03"]\n'
    )


def test_a_turn_that_no_matrix_takes_is_refused(clone: Clone, run: Run) -> None:
    names = [f"prod-x{number:03}" for number in range(257)]
    write(clone.root, {f"Pulumi.{name}.yaml": (clone.root / "Pulumi.prod-c01.yaml").read_text() for name in names})
    code, out, err = run("--all", "--stacks", json.dumps(["prod-c02", *names]), "--format", "github")
    assert (code, out) == (1, "")
    assert "257 stacks have the turn `cell`, a matrix of GitHub takes 256" in err
    assert run("--all", "--stacks", json.dumps(["prod-c02", *names[1:]]), "--format", "github")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "by --base REF or by --all"),
        (("--base", "main", "--all"), "by --base REF or by --all"),
        (("--all", "--stack", "prod", "--stacks", '["prod"]'), "two ways of choosing"),
        (("--all", "--stacks", "{}"), "no JSON list"),
        (("--all", "--stacks", '["prod", "elsewhere/x/prod"]'), "elsewhere/x/prod"),
        (("--base", "auto"), " is not set"),
    ],
)
def test_what_is_no_choice_is_refused(arguments: tuple[str, ...], said: str, run: Run) -> None:
    code, out, err = run(*arguments)
    assert code
    assert out == ""
    assert said in err
