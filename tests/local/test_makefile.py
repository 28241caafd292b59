"""What the Makefile does before there is anything of the project's: uv comes into the cache whole, however many fetch it."""

import os
import subprocess
import time
from pathlib import Path

from local.shared.paths import ROOT

# A Python whose pip takes a moment to install a program.
PYTHON = """#!/bin/sh
[ "$1" = -m ] || exit 0
mkdir -p "$3/bin"
printf '#!/bin/sh\\ncd %s; echo whole > part; sleep 1; mv part bin/uv\\n' "$3" > "$3/bin/pip"
chmod +x "$3/bin/pip"
"""


def test_two_clones_fetch_uv_at_once(tmp_path: Path) -> None:
    python, cache = tmp_path / "python", tmp_path / "cache"
    python.write_text(PYTHON)
    python.chmod(0o755)
    command = [
        "make",
        "--no-print-directory",
        f"PYTHON={python}",
        f"CACHE={cache}",
        "UV_VERSION=1",
        f"{cache}/uv-1/bin/uv",
    ]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    time.sleep(0.4)
    second = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    assert (first.wait(30), second.wait(30)) == (0, 0)
    assert (cache / "uv-1" / "bin" / "uv").read_text() == "whole\n"
    assert [path.name for path in cache.iterdir()] == ["uv-1"]


def test_what_it_calls_keeps_what_python_compiled() -> None:
    command = ["make", "--no-print-directory", "--eval=shown: ; @env", "shown"]
    given = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    shown = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=True).stdout
    assert "PATH=" in shown
    assert "PYTHONDONTWRITEBYTECODE" not in shown
