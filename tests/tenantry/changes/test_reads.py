"""The price of `validate --base` in reads and calls, and not in time: linear in the files, nothing twice, no network.

`python -m bench validate` measures the time of 5,000 files.
"""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.validate import prepare

# Runs the command with an ear for what Python tells its auditors: files read, programs started, sockets used.
AUDITED = """
import json, sys
opened, started, sockets = [], [], []
def hear(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[2] & 3 == 0: opened.append(arguments[0])
    if event == "subprocess.Popen": started.append([str(word) for word in arguments[1]])
    if event.startswith("socket."): sockets.append(event)
sys.addaudithook(hear)
from tenantry.cli import app
sys.argv = ["tenantry", *sys.argv[2:]]
try:
    app.main()
finally:
    with open("%s", "w") as file: json.dump([opened, started, sockets], file)
"""
LOCAL = {
    "rev-parse",
    "merge-base",
    "cat-file",
    "archive",
    "log",
    "show",
    "diff",
    "ls-files",
    "ls-tree",
    "merge-file",
    "for-each-ref",
}


@dataclass(frozen=True)
class Costs:
    files: Counter[str]  # reads of each YAML file
    commands: Counter[str]  # of git
    sockets: list[str]

    @property
    def reads(self) -> int:
        return self.files.total()


def costs(parent: Path, size: int, *arguments: str) -> Costs:
    parent.mkdir()
    clone, heard = prepare(parent, size), parent / "heard.json"
    command = [sys.executable, "-c", AUDITED % heard, "--", "validate", *arguments]
    subprocess.run(command, cwd=clone, check=True, capture_output=True, timeout=300)
    opened, started, sockets = json.loads(heard.read_text())
    places = [str((clone / path).resolve()) for path in opened if path.endswith(".yaml")]
    git = [words[3 if words[1] == "-C" else 1] for words in started if words[0] == "git"]
    assert len(git) == len(started), "git is all that is called"
    return Costs(Counter(places), Counter(git), sockets)


@pytest.mark.parametrize("arguments", [(), ("--base", "origin/main")], ids=["alone", "with a base"])
def test_reads_are_linear_and_nothing_is_read_twice(arguments: tuple[str, ...], tmp_path: Path) -> None:
    found = [costs(tmp_path / str(size), size, *arguments) for size in (10, 20, 40)]
    small, middle, large = (cost.reads for cost in found)
    assert large - middle == 2 * (middle - small) > 0
    assert small >= 10
    for cost in found:
        assert [place for place, times in cost.files.items() if times > 1] == []
        assert cost.commands == found[0].commands, "as many calls of git, however many files"
        assert set(cost.commands) <= LOCAL
        assert cost.sockets == []
