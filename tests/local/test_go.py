"""The Go modules' own tests, with the toolchain and the flags that their binaries are built with."""

import subprocess

import pytest

from local.build.go import go_binary, go_environment
from local.build.targets import TARGETS, Target

# One target a module: the others of it are upstream's commands, which have no tests here.
TESTED = list(
    {target.module: target for target in reversed(TARGETS) if any(target.directory.rglob("*_test.go"))}.values()
)


@pytest.mark.parametrize("target", TESTED, ids=lambda target: target.module)
def test_they_pass(target: Target, seed: int | None) -> None:
    """Linked as their binaries are. `go vet` reads every package below them, 2 minutes: `make test-all` has it."""
    vet = [] if seed is None else ["-vet=off"]
    done = subprocess.run(
        [str(go_binary()), "test", *vet, f"-ldflags=-s -w {target.ldflags}", f"-tags={target.tags}", "./..."],
        cwd=target.directory,
        env=go_environment(target.cgo),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_some() -> None:
    assert {"cluster", "kubernetes", "plugins"} <= {target.module for target in TESTED}
