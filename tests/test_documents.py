"""The documents about the code say what the tree says: files, imports, decisions, terms."""

import ast
import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.house import ROOMS
from provider.resources import RESOURCES
from tenantry.inspection.verify.core.attack import State
from tenantry.model.lifecycle import Phase

ROOT = Path(__file__).resolve().parents[1]
DOCS, DECISIONS = ROOT / "docs", ROOT / "docs" / "decisions"
ARCHITECTURE, CONTRIBUTING, GLOSSARY = DOCS / "architecture.md", ROOT / "CONTRIBUTING.md", DOCS / "glossary.md"
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"  # of the text that apache.org has
DRAWN = [room for room in ROOMS if room != "tests"]
PLACEHOLDER = re.compile(r"NAME|DOMAIN|MODULE|SYSTEM")  # of files that a walk makes new
# One that a reader skims: at most so many lines, and characters where lines are long.
MOST_LINES, MOST_CHARACTERS = 4, 600
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), ROOT / "tests" / "README.md"]
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w.-]+\.(?:md|toml|lock|yaml|py|json))`")


def text(path: Path) -> str:
    return path.read_text("utf-8")


def rows(table: str) -> Iterator[list[str]]:
    """The cells of each row of the tables in a text, without their heads."""
    for found in re.finditer(r"(?:^\|.*\n){2,}", table, re.MULTILINE):
        for line in found[0].splitlines()[2:]:
            yield [cell.strip() for cell in line.strip("|").split("|")]


def imports(room: str) -> set[str]:
    """The other rooms that some file of this one imports."""
    modules: set[str] = set()
    for path in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module)
    return {module.partition(".")[0] for module in modules} & {*ROOMS} - {room}


@pytest.mark.parametrize("document", [ARCHITECTURE, CONTRIBUTING], ids=lambda path: path.name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    named = [path for path in PATH.findall(text(document)) if not PLACEHOLDER.search(path)]
    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda path: path.name)
def test_a_path_into_a_room_that_a_document_names_exists(document: Path) -> None:
    """Words in capitals stand for what a reader chooses."""
    into = {path for path in PATH.findall(text(document)) if path.split("/")[0] in {*ROOMS, "docs", "tenants"}}
    named = {path for path in into if not re.search(r"[A-Z]{2}", path.removesuffix("README.md"))}
    assert sorted(path for path in named if not any(ROOT.glob(f"{path.rstrip('/')}*"))) == []


def paragraphs(document: str) -> Iterator[tuple[int, list[str]]]:
    """The first line's number and the lines of each paragraph or entry of a list; code, tables and headings are none."""
    lines: list[str] = []
    fence = ""
    for number, line in enumerate([*document.splitlines(), ""], 1):
        is_fence = line.startswith(fence or ("```", "~~~"))
        is_other = bool(fence) or is_fence or line.startswith(("|", "#")) or (not lines and line.startswith("    "))
        if is_fence:
            fence = "" if fence else line[:3]
        is_entry = re.match(r"(?:[-*]|\d+\.) ", line) is not None
        if lines and (is_other or is_entry or not line.strip()):
            yield number - len(lines), lines
            lines = []
        if line.strip() and not is_other:
            lines.append(line)


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_a_paragraph_is_short(document: Path) -> None:
    """It can be skimmed at 3 in the morning: make a list or a table of a longer one, or two paragraphs."""
    long = [f"line {number}" for number, lines in paragraphs(text(document)) if len(lines) > MOST_LINES]
    wide = [f"line {number}" for number, lines in paragraphs(text(document)) if len("".join(lines)) > MOST_CHARACTERS]
    assert (long, wide) == ([], [])


def test_paragraphs_are_told_from_what_is_none() -> None:
    shown = "# A\n\none\ntwo\n| x |\n- three\n  four\n- five\n\n    code\n    code\n\n```\ncode\n\ncode\n```\n1. six\nseven\n~~~~\n```\na\nb\n~~~~\n"
    assert [(number, len(lines)) for number, lines in paragraphs(shown)] == [(3, 2), (6, 2), (8, 1), (18, 2)]


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_a_link_within_a_document_leads_to_a_heading(document: Path) -> None:
    anchors = {slug(heading) for heading in re.findall(r"^#+ (.*)$", text(document), re.MULTILINE)}
    assert sorted(set(re.findall(r"\]\(#([^)]+)\)", text(document))) - anchors) == []


def test_every_document_that_is_referred_to_exists() -> None:
    files = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(path for room in DRAWN for path in (ROOT / room).rglob("*.py"))]
    named = {name for path in files for name in re.findall(r"docs/[a-z][\w/-]+(?:\.[a-z.]+[a-z])?", text(path))}
    assert len(named) > 20
    assert sorted(name for name in named if not any(ROOT.glob(f"{name}*"))) == []


def test_the_drawing_of_the_rooms_is_that_of_the_imports() -> None:
    drawing = text(ARCHITECTURE).split("flowchart TD\n")[1].split("```")[0]
    arrows = {(above, below) for above, below in re.findall(r"(\w+) --> (\w+)", drawing)}
    assert arrows == {(room, other) for room in DRAWN for other in imports(room)}


def test_every_decision_is_in_the_index_with_its_title_and_a_status() -> None:
    listed = {row[0]: row[1:] for row in rows(text(DECISIONS / "README.md"))}
    files = sorted(DECISIONS.glob("[0-9]*.md"))
    assert list(listed) == [f"[{file.name[:4]}]({file.name})" for file in files]
    for file, (title, status, date) in zip(files, listed.values(), strict=True):
        assert text(file).splitlines()[0].removeprefix(f"# {file.name[:4]}").strip() == title
        assert re.fullmatch(r"in force|withdrawn|replaced by \d{4}", status)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", date)


def walks() -> list[tuple[str, str, str]]:
    found = re.findall(r"^### (.*): (\d+) files.*\n((?:(?!^##).*\n)*)", text(CONTRIBUTING), re.MULTILINE)
    return [(name, number, body) for name, number, body in found]


def test_there_are_the_walks_that_people_ask_for() -> None:
    names = {name for name, _, _ in walks()}
    assert names >= {"Add a tenant part", "Add a policy rule", "Add an attack", "Add a plan limit"}


@pytest.mark.parametrize(("name", "number", "body"), walks(), ids=lambda value: value if len(value) < 50 else "")
def test_a_walk_counts_the_files_that_it_lists(name: str, number: str, body: str) -> None:
    table = re.search(r"(?:^\|.*\n)+", body, re.MULTILINE)
    assert table is not None, name
    assert len({path for row in rows(table[0]) for path in re.findall(r"`([^`]+)`", row[0])}) == int(number)


def test_the_glossary_has_every_phase_verdict_and_resource() -> None:
    terms = {term for row in rows(text(GLOSSARY)) for term in re.findall(r"`(\w+)`", row[0])}
    components = {
        node.name
        for path in (ROOT / "components").rglob("*.py")
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.ClassDef) and "ComponentResource" in map(_base, node.bases)
    }
    assert len(components) > 10
    wanted = {*Phase, *State, *components, *(type(resource).__name__ for resource in RESOURCES)}
    assert sorted(wanted - terms) == []


def test_the_glossary_has_every_class_of_the_model() -> None:
    """But for the settings of one system, which are its own."""
    terms = {term for row in rows(text(GLOSSARY)) for term in re.findall(r"`(\w+)`", " ".join(row[:2]))}
    classes = {
        node.name
        for path in (ROOT / "tenantry" / "model").rglob("*.py")
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and path.parent.name != "systems"
    }
    assert len(classes) > 20
    assert sorted(classes - terms) == []


def _base(base: ast.expr) -> str:
    return base.attr if isinstance(base, ast.Attribute) else ""


def test_each_term_of_the_glossary_stands_once_and_says_four_things() -> None:
    entries = list(rows(text(GLOSSARY)))
    assert [row for row in entries if len(row) != 4 or not all(row)] == []
    assert len({row[0] for row in entries}) == len(entries) > 80


def test_the_wheel_holds_one_import_name_and_it_needs_no_other_room() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": ["tenantry"]}
    assert imports("tenantry") == set()


def test_the_licence_is_the_one_that_the_project_names() -> None:
    assert tomllib.loads(text(ROOT / "pyproject.toml"))["project"]["license"] == "Apache-2.0"
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2


def test_the_changelog_has_its_form() -> None:
    heads = re.findall(r"^(##+) (.*)$", text(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert heads[0] == ("##", "[Unreleased]")
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert {head for mark, head in heads if mark == "###"} <= kinds
