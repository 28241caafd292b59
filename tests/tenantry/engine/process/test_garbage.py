"""Processes of a run collect cycles rarely, from their first modules on."""

import subprocess
import sys

import pytest

from tenantry.engine.process.garbage import RARELY
from tests.support.requests.ci_files import ROOT

# Shows the thresholds at the import of the first heavy module, and ends there.
LOOK = """
import builtins, gc, runpy, sys
given = builtins.__import__
def look(name, *rest, **more):
    if name.partition(".")[0] in ("pulumi", "grpc", "pydantic"):
        print(gc.get_threshold())
        sys.exit(0)
    return given(name, *rest, **more)
builtins.__import__ = look
sys.argv = [sys.argv[1], "127.0.0.1:1"]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("entry", ["stacks", "policies", "provider"])
def test_before_a_heavy_module_is_loaded(entry: str) -> None:
    command = [sys.executable, "-c", LOOK, str(ROOT / entry)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == f"{RARELY}\n", done.stderr
