"""Changed functions of a Go module: the module's own are set aside by other names, and ours take their places.

The compiler is given a copy. The module itself stays as it came, and as the checksum database knows it.
"""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.shared.paths import ROOT


@dataclass(frozen=True, slots=True)
class Change:
    """In `file` of `module` the first of each pair in `renamed` becomes the second; `ours` goes beside the file."""

    module: str
    file: str
    renamed: tuple[tuple[str, str], ...]
    ours: str

    def flags(self, go: str, directory: Path, env: Mapping[str, str], scratch: Path) -> list[str]:
        """Writes the changed copy below `scratch`, which may go after the build; returns what to tell `go build`.

        Raises SystemExit when the module does not declare what is to be changed: another version of it does not fit.
        """
        copy = copy_of(self.module, go, directory, env, scratch)
        file = copy / self.file
        text = file.read_text() if file.is_file() else ""
        for was, becomes in self.renamed:
            if (times := text.count(was)) != 1:
                raise SystemExit(f"{self.module} declares `{was}` {times} times in {self.file}, not once")
            text = text.replace(was, becomes)
        file.write_text(text)
        ours = ROOT / "local" / self.ours
        shutil.copyfile(ours, file.parent / f"tenantry_{ours.name}")
        return redirect(self.module, copy, go, directory, env, scratch)


def copy_of(module: str, go: str, directory: Path, env: Mapping[str, str], scratch: Path) -> Path:
    """Copies the module, as `directory` requires it, to a folder below `scratch` that can be written to."""
    copy = scratch / "module"
    theirs = Path(_run([go, "list", "-m", "-f", "{{.Dir}}", module], module, directory, env).strip())
    shutil.copytree(theirs, copy, copy_function=shutil.copyfile)  # the cache's own are read-only
    for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    return copy


def redirect(module: str, copy: Path, go: str, directory: Path, env: Mapping[str, str], scratch: Path) -> list[str]:
    """Writes a go.mod below `scratch` in which `module` is the copy; returns the flag of `go build` that names it."""
    modules = scratch / "go.mod"
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(directory / name, scratch / name)
    _run([go, "mod", "edit", f"-replace={module}={copy}", str(modules)], module, directory, env)
    return [f"-modfile={modules}"]


def _run(command: list[str], module: str, directory: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"changing {module} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
