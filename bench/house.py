"""`python -m bench.house`: figures of the source itself, before and after a change of its rooms and words.

Needs no instance. `--part COMMIT...` counts the files that the commits of one tenant part touched (`git` on PATH).
"""

import argparse
import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
ROOMS: Final = ("tenantry", "components", "stacks", "policies", "provider", "local", "bench", "tests")
MOST_ENTRIES: Final = 15  # on one level of a folder, without __init__.py and __main__.py
# A word that begins a clause: a docstring that opens with one names a thing by a riddle instead of its noun.
CLAUSE_WORD: Final = re.compile(r"as|how|if|of|so|that|what|when|where|whether|which|while|who|whom|whose|why")
LOOP_VARIABLE: Final = "one"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted in the Python files of one room."""

    docstrings: int
    clauses: int  # docstrings whose first word is a CLAUSE_WORD
    loops: int  # `for` statements and comprehensions
    loops_over_one: int

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
    return Figures(len(first_words), len(clauses), len(targets), len(over_one))


def _first_word(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    docstring = ast.get_docstring(node)
    return docstring.split(maxsplit=1)[0].strip("`,.:").lower() if docstring else None


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def entries(room: Path) -> Iterator[tuple[str, int]]:
    """Each folder below `room` with the number of files and folders on its level."""
    for folder in sorted((room, *(path for path in room.rglob("*") if path.is_dir()))):
        names = [path.name for path in folder.iterdir() if not path.name.startswith((".", "__"))]
        if "__pycache__" not in folder.parts and names:
            yield str(folder.relative_to(room.parent)), len(names)


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
    """Where a file of a part counts: product, tests or documents."""
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
    yield "| room | docstrings | open with a clause word | loops | over `one` | entries on the fullest level |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for room in ROOMS:
        counted = figures(ast.parse(path.read_bytes()) for path in sorted((ROOT / room).rglob("*.py")))
        folder, most = max(entries(ROOT / room), key=lambda entry: entry[1])
        yield (
            f"| `{room}/` | {counted.docstrings} | {counted.clauses} ({counted.clause_share:.0f} %) | {counted.loops} |"
            f" {counted.loops_over_one} | {most} (`{folder}/`) |"
        )
    levels = [entry for room in ROOMS for entry in entries(ROOT / room)]
    crowded = [f"{folder}/ {number}" for folder, number in levels if number > MOST_ENTRIES]
    yield f"\n{len(crowded)} of {len(levels)} levels have more than {MOST_ENTRIES} entries: {', '.join(crowded)}"
    if part:
        yield f"\n{_part(part)}"


def main() -> None:
    """Prints the figures as the table that docs/architecture.md shows."""
    parser = argparse.ArgumentParser(prog="python -m bench.house", description=__doc__)
    parser.add_argument("--part", nargs="+", default=[], metavar="COMMIT", help="the commits of one tenant part")
    for line in _report(parser.parse_args().part):
        print(line)


if __name__ == "__main__":
    main()
