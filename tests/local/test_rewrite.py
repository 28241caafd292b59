"""Lines of a module that are replaced before it is built, and files of ours that go into it."""

import os
import subprocess
from pathlib import Path

import pytest

from local.build.go import go_binary, go_environment
from local.build.rewrite import Line, Rewrite
from local.build.targets import TARGETS
from local.shared.paths import ROOT

GATEWAY = next(target for target in TARGETS if target.binary == "envoy-gateway")


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A program that prints what two packages of another module say."""
    other, own = tmp_path / "other", tmp_path / "own"
    for name in ("host", "port"):
        (other / name).mkdir(parents=True)
        (other / name / "it.go").write_text(f'package {name}\n\nfunc Says() string {{ return "everywhere" }}\n')
    (other / "go.mod").write_text("module example.com/other\n\ngo 1.26\n")
    own.mkdir()
    (own / "go.mod").write_text(
        "module example.com/own\n\ngo 1.26\n\nrequire example.com/other v1.0.0\n\nreplace example.com/other => ../other\n"
    )
    (own / "go.sum").write_text("")
    (own / "main.go").write_text(
        'package main\n\nimport ("example.com/other/host"; "example.com/other/port")\n\n'
        "func main() { println(host.Says(), port.Says()) }\n"
    )
    return own


def _rewrite(tmp_path: Path, *lines: Line) -> Rewrite:
    ours = tmp_path / "ours.go"
    ours.write_text('package port\n\nfunc here() string { return "here" }\n')
    return Rewrite("example.com/other", lines, ((os.path.relpath(ours, ROOT / "local"), "port"),))


def _run(module: Path, *flags: str) -> str:
    done = subprocess.run(
        [str(go_binary()), "run", *flags, "."],
        cwd=module,
        env=go_environment(False),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.strip()


def test_lines_of_several_files_are_replaced_and_the_module_stays_as_it_is(module: Path, tmp_path: Path) -> None:
    rewrite = _rewrite(
        tmp_path,
        Line("host/it.go", '"everywhere"', '"loopback"'),
        Line("port/it.go", '"everywhere"', "here()"),
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    flags = rewrite.flags(str(go_binary()), module, go_environment(False), scratch)
    assert _run(module, *flags) == "loopback here"
    assert _run(module) == "everywhere everywhere"


@pytest.mark.parametrize(("was", "times"), [("nowhere", 0), ("e", 6)])
def test_a_line_that_is_not_there_once_is_refused(module: Path, tmp_path: Path, was: str, times: int) -> None:
    rewrite = _rewrite(tmp_path, Line("host/it.go", was, "x"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(SystemExit, match=rf"has `{was}` {times} times in host/it.go, not once"):
        rewrite.flags(str(go_binary()), module, go_environment(False), scratch)


def test_what_is_added_is_part_of_what_the_gateway_is_built_from() -> None:
    assert isinstance(GATEWAY.change, Rewrite)
    assert {ROOT / "local" / ours for ours, _ in GATEWAY.change.added} <= set(GATEWAY.sources())
