"""The table at the end of a test run: what a change of the tests is measured by."""

import subprocess
import sys
from pathlib import Path

from tests.support.pytest_plugins.costs import SHOWN_FILES, Cost, table

ROOT = Path(__file__).parents[3]
TESTS = {
    "test_works.py": "def test_work():\n    until = __import__('time').process_time() + 0.5\n"
    "    while __import__('time').process_time() < until: pass\n",
    "test_waits.py": "def test_wait():\n    __import__('time').sleep(0.5)\n",
}


def test_the_dearest_first_and_the_rest_in_one_line() -> None:
    files = [(f"test_{number:02}.py", Cost(1, 1.0, float(number))) for number in range(SHOWN_FILES + 3)]
    rows = [line.split(maxsplit=3) for line in table(files)[1:]]
    assert [row[3] for row in rows[:2]] == [f"test_{SHOWN_FILES + 2:02}.py", f"test_{SHOWN_FILES + 1:02}.py"]
    assert rows[-1] == ["3", "3.0", "3.0", "3 other files"]


def test_work_is_told_from_waiting_also_across_workers(tmp_path: Path) -> None:
    for name, text in TESTS.items():
        (tmp_path / name).write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        "/dev/null",
        "-p",
        "tests.support.pytest_plugins.costs",
        "-n",
        "2",
        str(tmp_path),
    ]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    costs = {line.split()[-1]: float(line.split()[2]) for line in shown.splitlines() if line.endswith(".py")}
    assert costs["test_works.py"] >= 0.5
    assert costs["test_waits.py"] < costs["test_works.py"]
