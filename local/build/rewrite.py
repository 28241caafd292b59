"""Lines of a Go module that are replaced before it is compiled, in several of its files, and files of ours beside them.

As with `Change` the compiler is given a copy, and the module itself stays as it came.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.build.change import copy_of, redirect
from local.shared.paths import ROOT


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text that stands in `file` exactly once, and what takes its place."""

    file: str
    was: str
    becomes: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """`lines` of `module` are replaced; `added` are files of ours, each with its folder in the module."""

    module: str
    lines: tuple[Line, ...]
    added: tuple[tuple[str, str], ...]

    def flags(self, go: str, directory: Path, env: Mapping[str, str], scratch: Path) -> list[str]:
        """Writes the changed copy below `scratch`, which may go after the build; returns what to tell `go build`.

        Raises SystemExit when a line is not there, or not once: another version of the module does not fit.
        """
        copy = copy_of(self.module, go, directory, env, scratch)
        for line in self.lines:
            self._replace(copy / line.file, line)
        for ours, folder in self.added:
            source = ROOT / "local" / ours
            shutil.copyfile(source, copy / folder / f"tenantry_{source.name}")
        return redirect(self.module, copy, go, directory, env, scratch)

    def _replace(self, file: Path, line: Line) -> None:
        text = file.read_text() if file.is_file() else ""
        if (times := text.count(line.was)) != 1:
            raise SystemExit(f"{self.module} has `{line.was}` {times} times in {line.file}, not once")
        file.write_text(text.replace(line.was, line.becomes))
