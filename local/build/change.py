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
        copy, modules = scratch / "module", scratch / "go.mod"
        theirs = Path(self._run([go, "list", "-m", "-f", "{{.Dir}}", self.module], directory, env).strip())
        shutil.copytree(theirs, copy, copy_function=shutil.copyfile)  # the cache's own are read-only
        for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        file = copy / self.file
        text = file.read_text() if file.is_file() else ""
        for was, becomes in self.renamed:
            if (times := text.count(was)) != 1:
                raise SystemExit(f"{theirs.name} declares `{was}` {times} times in {self.file}, not once")
            text = text.replace(was, becomes)
        file.write_text(text)
        ours = ROOT / "local" / self.ours
        shutil.copyfile(ours, file.parent / f"tenantry_{ours.name}")
        for name in ("go.mod", "go.sum"):
            shutil.copyfile(directory / name, scratch / name)
        self._run([go, "mod", "edit", f"-replace={self.module}={copy}", str(modules)], directory, env)
        return [f"-modfile={modules}"]

    def _run(self, command: list[str], directory: Path, env: Mapping[str, str]) -> str:
        done = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"changing {self.module} failed: {done.stderr.strip()[-500:]}")
        return done.stdout
