"""What runs on the forge is pinned, and has no more rights and credentials than it uses: zizmor finds nothing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    program = Path(sys.executable).parent / "zizmor"
    done = subprocess.run(
        [program, "--offline", "--no-progress", "--color=never", ROOT / ".github" / "workflows"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "completed" in done.stderr
