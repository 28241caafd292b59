"""The folder of tenants' files is the stack's own: no code names it but as what counts where a stack names none."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.engine.stack.project import Project
from tenantry.names import TENANTS_FOLDER

ROOT = Path(__file__).resolve().parents[4]
ROOMS = ("tenantry", "stacks", "components", "policies", "provider")
SOURCE = ROOT / "tenantry" / "names.py"
PATH_WORDS = ("FOLDER", "DIRECTORY", "PATH", "PLACE")


def literals(tree: ast.AST) -> Iterator[ast.AST]:
    """Each place where the folder's name is written as a path."""
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            if f"{TENANTS_FOLDER}/" in node.value:
                yield node
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield from (part for part in (node.left, node.right) if is_name(part))
        elif isinstance(node, ast.Call) and function_name(node) in ("Path", "PurePath", "joinpath", "join"):
            yield from (part for part in node.args if is_name(part))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if is_name(node.value) and any(is_path_name(target) for target in targets):
                yield node
        elif isinstance(node, ast.arguments):
            defaults = [*node.defaults, *node.kw_defaults]
            yield from (part for part in defaults if part is not None and is_name(part))
        elif isinstance(node, ast.BoolOp):
            yield from (part for part in node.values if is_name(part))


def is_name(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == TENANTS_FOLDER


def is_path_name(target: ast.AST) -> bool:
    name = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
    return any(word in name.upper() for word in PATH_WORDS)


def function_name(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_no_code_names_the_folder() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if path != SOURCE
        for node in literals(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr | ast.stmt)
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'root / "tenants"',
        'root / (config.get("tenants") or "tenants")',
        'Path("tenants")',
        'root.joinpath("tenants")',
        '_FOLDER = "tenants"',
        'def look(folder: str = "tenants"): ...',
        'f"in tenants/{code}.yaml"',
        'schema = "../tenants/schema.json"',
    ],
)
def test_it_is_found_however_it_is_written(code: str) -> None:
    assert list(literals(ast.parse(code)))


@pytest.mark.parametrize("code", ['outputs["tenants"]', 'TENANTS = "tenants"', '{"tenants": rows}', '"""tenants/x"""'])
def test_other_uses_of_the_word_are_none(code: str) -> None:
    assert not list(literals(ast.parse(code)))


def test_a_project_has_the_folders_of_all_its_stacks(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nconfig:\n  tenants: {default: customers}\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  tenantry:tenants: sites/eu\n")
    (tmp_path / "Pulumi.test.eu.yaml").write_text("config: {}\n")
    project = Project(tmp_path)
    assert project.tenant_folders() == {tmp_path / "customers", tmp_path / "sites" / "eu"}
    assert project.tenants("test.eu") == tmp_path / "customers"


def test_without_any_settings_it_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    assert Project(tmp_path).tenant_folders() == {tmp_path / TENANTS_FOLDER}
