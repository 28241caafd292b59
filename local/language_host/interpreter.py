"""The Python that a program, policy pack or provider runs with, and the environment that goes with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class InterpreterMissing(Exception):
    """The project names a virtual environment in which there is no Python."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    executable: Path
    virtualenv: Path | None

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """`base` as after `source VENV/bin/activate`; unchanged for the host's own interpreter."""
        env = dict(base)
        if self.virtualenv is not None:
            env["VIRTUAL_ENV"] = str(self.virtualenv)
            env["PATH"] = os.pathsep.join([str(self.executable.parent), env.get("PATH", os.defpath)])
            env.pop("PYTHONHOME", None)
        return env

    def site_packages(self) -> list[Path]:
        """Folders of installed distributions, without starting that interpreter (which would take 20 ms or more)."""
        if self.virtualenv is not None:
            return sorted(self.virtualenv.glob("lib*/python3*/site-packages"))
        return [Path(entry) for entry in sys.path if entry.endswith("-packages") and Path(entry).is_dir()]


def interpreter_for(options: Mapping[str, object], root: Path) -> Interpreter:
    """The interpreter chosen by the `runtime: options:` of a project file that lies in `root`.

    `virtualenv` is a folder, relative to `root`. Without it a program shares the host's interpreter; the option
    `toolchain` then changes nothing, because every toolchain (pip, poetry, uv) only makes such a folder.
    """
    chosen = options.get("virtualenv")
    if not chosen:
        return Interpreter(Path(sys.executable), None)
    folder = root / str(chosen)
    executable = folder / "bin" / "python"
    if not executable.exists():
        raise InterpreterMissing(
            f"the runtime option virtualenv names {folder}, which holds no bin/python: "
            "create that environment, or remove the option to use the embedded one"
        )
    return Interpreter(executable, folder)
