"""One changed function of a Go module: the module's own is set aside by another name, and ours takes its place.

The compiler is given a copy. The module itself stays as it came, and as the checksum database knows it.
"""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.paths import ROOT


@dataclass(frozen=True, slots=True)
class Change:
    """In `file` of `module`, the function declared as `was` is declared as `becomes`; `ours` stands beside the file."""

    module: str
    file: str
    was: str
    becomes: str
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
        if (times := text.count(self.was)) != 1:
            raise SystemExit(f"{theirs.name} declares `{self.was}` {times} times in {self.file}, not once")
        file.write_text(text.replace(self.was, self.becomes))
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
