"""`python -m bench.house`: figures of the source itself, before and after a change of its rooms and words.

Needs no instance. `--part COMMIT...` counts the files that the commits of one tenant part touched (`git` on PATH).
"""

import argparse
import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
ROOMS: Final = ("tenantry", "components", "stacks", "policies", "provider", "local", "bench", "tests")
MOST_ENTRIES: Final = 15  # on one level of a folder, without what begins with `.` or `__`
# Levels that may have more, each with the reason.
CROWDED: Final = {
    ".": "tools look for their files at the top of a repository: Makefile, Pulumi.yaml, pyproject.toml, LICENSE",
    "docs": "one document a subject, found by its name; errors and decisions name them by their path",
    "docs/decisions": "numbered, in the order in which they were taken; its README.md is the index",
    "docs/runbooks": "one page an alert, called after it, as alerts link to it; its README.md is the index",
    "local/cluster": "a Go package is one folder, and builds are kept by the place and content of its files",
    "local/kubernetes": "a Go package is one folder, and builds are kept by the place and content of its files",
    "tenants": "data: one file a tenant",
}
MOST_CLAUSES: Final = 3.0  # per cent of all docstrings
# A word that begins a clause: a docstring that opens with one names a thing by a riddle instead of its noun.
CLAUSE_WORD: Final = re.compile(r"as|how|if|of|so|that|what|when|where|whether|which|while|who|whom|whose|why")
LOOP_VARIABLE: Final = "one"
# Words that say how something came here, or whose it is, where the noun says what it is.
PRIVATE_WORDS: Final = frozenset({"found", "told", "mine", "called", "wrong", "turns", "stone", "stones"})
MOST_PRIVATE_NAMES: Final = 10  # variables, arguments and functions of those names, in all rooms but the tests


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of the Python files of one room."""

    docstrings: int
    clauses: int  # docstrings whose first word is a CLAUSE_WORD
    loops: int  # `for` statements and comprehensions
    loops_over_one: int
    private_names: int = 0  # variables, arguments and functions that are called by one of PRIVATE_WORDS

    @property
    def clause_share(self) -> float:
        """Per cent of the docstrings."""
        return 100 * self.clauses / self.docstrings if self.docstrings else 0.0


def figures(trees: Iterable[ast.AST]) -> Figures:
    """Counts docstrings and loops in parsed modules."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    first_words = [word for node in nodes if (word := _first_word(node)) is not None]
    targets = [node.target for node in nodes if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension)]
    over_one = [target for target in targets if LOOP_VARIABLE in _names(target)]
    clauses = [word for word in first_words if CLAUSE_WORD.fullmatch(word)]
    private = [name for node in nodes if (name := _bound_name(node)) in PRIVATE_WORDS]
    return Figures(len(first_words), len(clauses), len(targets), len(over_one), len(private))


def _bound_name(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case _:
            return None


def _first_word(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    docstring = ast.get_docstring(node)
    return docstring.split(maxsplit=1)[0].strip("`,.:").lower() if docstring else None


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def levels() -> dict[str, int]:
    """Each folder of the repository -> the number of files and folders on its level, as git lists them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names: dict[str, set[str]] = {}
    for path in map(Path, filter(None, listed.split("\0"))):
        for entry in (path, *path.parents[:-1]):
            if (ROOT / path).exists() and not entry.name.startswith((".", "__")):
                names.setdefault(str(entry.parent), set()).add(entry.name)
    return {folder: len(entries) for folder, entries in sorted(names.items()) if folder == "." or folder[0] != "."}


def rooms() -> dict[str, Figures]:
    """The figures of each room."""
    return {
        room: figures(ast.parse(path.read_bytes()) for path in sorted((ROOT / room).rglob("*.py"))) for room in ROOMS
    }


def faults(levels: Mapping[str, int], rooms: Mapping[str, Figures]) -> Iterator[str]:
    """Figures beyond the bounds, each with what to do about it."""
    for folder, number in levels.items():
        if number > MOST_ENTRIES and folder not in CROWDED:
            yield f"{folder}/ has {number} entries: give some of them a folder of their own, {MOST_ENTRIES} is the most"
    for folder in CROWDED:
        if levels.get(folder, 0) <= MOST_ENTRIES:
            yield f"{folder}/ is not crowded any more: take it out of CROWDED"
    docstrings = sum(counted.docstrings for counted in rooms.values())
    clauses = sum(counted.clauses for counted in rooms.values())
    if 100 * clauses > MOST_CLAUSES * docstrings:
        yield f"{clauses} of {docstrings} docstrings open with a clause word: begin with a noun or a verb (`--clauses`)"
    private = sum(counted.private_names for room, counted in rooms.items() if room != "tests")
    if private > MOST_PRIVATE_NAMES:
        yield f"{private} names are {', '.join(sorted(PRIVATE_WORDS))}: name the thing (`--words`)"
    for room, counted in rooms.items():
        if counted.loops_over_one:
            yield f"{room}/ has {counted.loops_over_one} loops over `{LOOP_VARIABLE}`: name the thing"


def clauses() -> Iterator[str]:
    """The place of each docstring that opens with a clause word, with its first line."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_bytes())):
                word = _first_word(node)
                if word is not None and CLAUSE_WORD.fullmatch(word):
                    line = (ast.get_docstring(node) or "").splitlines()[0]  # pyright: ignore[reportArgumentType]  (has one)
                    yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {line}"


def words() -> Iterator[str]:
    """The place of each name that is one of PRIVATE_WORDS, in all rooms but the tests."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")) if room != "tests" else ():
            for node in ast.walk(ast.parse(path.read_bytes())):
                if (name := _bound_name(node)) in PRIVATE_WORDS:
                    yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {name}"


def files_of(commits: Iterable[str]) -> dict[str, str]:
    """Each file that the commits touched -> `new` or `edited`, by git's own history."""
    states: dict[str, str] = {}
    for commit in commits:
        command = ["git", "show", "--no-renames", "--name-status", "--format=", commit]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for state, path in (line.split("\t", 1) for line in answer.splitlines()):
            states[path] = "new" if state == "A" or states.get(path) == "new" else "edited"
    return states


def kind_of(path: str) -> str:
    """Tells as what a file of a part counts: product, tests or documents."""
    if path.startswith("docs/") or path.endswith(".md"):
        return "documents"
    return "tests" if path.startswith("tests/") else "product"


def _part(commits: list[str]) -> str:
    states = files_of(commits)
    counts = {state: Counter(kind_of(path) for path in states if states[path] == state) for state in ("new", "edited")}
    parts = (
        f"{count.total()} {state} ({', '.join(f'{number} {kind}' for kind, number in sorted(count.items()))})"
        for state, count in counts.items()
    )
    return f"{' '.join(commits)}: {len(states)} files: {', '.join(parts)}"


def _report(part: list[str]) -> Iterator[str]:
    yield "| room | docstrings | open with a clause word | loops | over `one` | private names | fullest level |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    all_levels, all_rooms = levels(), rooms()
    for room, counted in all_rooms.items():
        inside = {folder: number for folder, number in all_levels.items() if folder.split("/")[0] == room}
        folder, most = max(inside.items(), key=lambda entry: entry[1])
        yield (
            f"| `{room}/` | {counted.docstrings} | {counted.clauses} ({counted.clause_share:.0f} %) | {counted.loops} |"
            f" {counted.loops_over_one} | {counted.private_names} | {most} (`{folder}/`) |"
        )
    crowded = [f"{folder}/ {number}" for folder, number in all_levels.items() if number > MOST_ENTRIES]
    yield f"\n{len(crowded)} of {len(all_levels)} levels have more than {MOST_ENTRIES} entries: {', '.join(crowded)}"
    yield from (f"\n{fault}" for fault in faults(all_levels, all_rooms))
    if part:
        yield f"\n{_part(part)}"


def main() -> None:
    """Prints the figures as the table that docs/architecture.md shows."""
    parser = argparse.ArgumentParser(prog="python -m bench.house", description=__doc__)
    parser.add_argument("--part", nargs="+", default=[], metavar="COMMIT", help="the commits of one tenant part")
    parser.add_argument("--clauses", action="store_true", help="lists the docstrings that open with a clause word")
    parser.add_argument("--words", action="store_true", help="lists the names that say no noun, such as `found`")
    options = parser.parse_args()
    for line in clauses() if options.clauses else words() if options.words else _report(options.part):
        print(line)


if __name__ == "__main__":
    main()
