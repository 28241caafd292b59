"""Programs of a Go module that only tests need, built once into the cache, like what `make build` builds."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from local.build.cache import appearing, cache_root, key_of, lock
from local.build.go import go_binary, go_environment

MODULES: Final = Path(__file__).resolve().parents[2] / "tenantry" / "watch"
_BUILD_SECONDS: Final = 3600  # on a slow machine that builds everything else at the same time


@dataclass(frozen=True)
class GoTools:
    """`module` is a folder with go.mod and go.sum, which fix the version."""

    name: str
    module: Path
    source: str  # the module that the programs are of
    programs: tuple[str, ...]  # below its cmd/
    tags: str = ""
    added: Mapping[str, str] = field(default_factory=dict[str, str])  # file below the source -> its content

    @property
    def place(self) -> Path:
        """The folder of the programs, named after what they are built from."""
        facts = (self.tags, *([json.dumps(dict(self.added))] if self.added else []))
        return (
            cache_root()
            / f"{self.name}-{key_of(self.module, (self.module / 'go.mod', self.module / 'go.sum'), *facts)}"
        )

    def build(self) -> None:
        """Builds them, unless they are there. Raises AssertionError with the compiler's words when that fails."""
        with lock(cache_root() / f"{self.module.name}.lock", f"waiting for another process that builds {self.name}"):
            if self.place.exists():
                return
            print(f"building {', '.join(self.programs)}, for the tests", flush=True)
            with appearing(self.place) as scratch:
                options = ["build", "-ldflags=-s -w", f"-tags={self.tags}", f"-o={scratch}/"]
                if self.added:
                    with self._copy(scratch) as source:
                        self._go(*options, *(f"./cmd/{name}" for name in self.programs), folder=source)
                else:
                    self._go(*options, *(f"{self.source}/cmd/{name}" for name in self.programs))

    def tool(self, name: str) -> str:
        """The path of one of them, which is built where nobody has built it yet."""
        if not self.place.exists():
            self.build()
        return str(self.place / name)

    @contextmanager
    def _copy(self, scratch: Path) -> Iterator[Path]:
        """The source with what is added to it: Go lets nobody add to a module in its cache."""
        folder = Path(json.loads(self._go("mod", "download", "-json", self.source))["Dir"])
        source = Path(shutil.copytree(folder, scratch / "source"))
        for path in (source, *source.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
        for file, content in self.added.items():
            (source / file).parent.mkdir(parents=True, exist_ok=True)
            (source / file).write_text(content)
        yield source
        shutil.rmtree(source)

    def _go(self, *arguments: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            [str(go_binary()), *arguments],
            cwd=folder or self.module,
            env=go_environment(cgo=False),
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
