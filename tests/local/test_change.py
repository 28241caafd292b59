"""The engine's changed functions: how they get into the build, and that nobody is told `written` before it is."""

import os
import subprocess
from pathlib import Path

import pytest

from local.build.change import Change
from local.build.go import go_binary, go_environment
from local.build.targets import TARGETS
from local.shared.paths import ROOT

ENGINE = next(target for target in TARGETS if target.binary == "pulumi")
MODULE = "github.com/pulumi/pulumi/pkg/v3"
# What the engine's packages declare and our functions use, and fifty operations at once on a slow disk.
STUBS = """
package backend

import ("errors"; "fmt"; "os"; "sync"; "time")

type mutationRequest struct { mutator func() bool; result chan<- error }
type SnapshotManager struct { cancel chan bool; state, disk map[int]bool; writes int; broken bool }

var held sync.Mutex

func (sm *SnapshotManager) saveSnapshot() error {
	time.Sleep(5 * time.Millisecond)
	held.Lock()
	defer held.Unlock()
	sm.writes++
	if sm.broken { return errors.New("no space") }
	sm.disk = map[int]bool{}
	for key := range sm.state { sm.disk[key] = true }
	return nil
}

func check(ok bool, what string) { if !ok { fmt.Println(what); os.Exit(1) } }

func Try() {
	sm := &SnapshotManager{cancel: make(chan bool), state: map[int]bool{}}
	requests, done := make(chan mutationRequest), make(chan error)
	go sm.defaultServiceLoop(requests, done)
	ask := func(change func() bool) error {
		result := make(chan error)
		requests <- mutationRequest{change, result}
		return <-result
	}
	var all sync.WaitGroup
	var lock sync.Mutex
	for i := range 50 {
		all.Add(1)
		go func() {
			defer all.Done()
			check(ask(func() bool { sm.state[i] = true; return true }) == nil, "refused")
			lock.Lock()
			defer lock.Unlock()
			check(ask(func() bool { check(sm.disk[i], "answered before it was written"); return false }) == nil, "look")
		}()
	}
	all.Wait()
	check(sm.writes < 25, fmt.Sprint("not grouped: ", sm.writes))
	check(ask(func() bool { sm.state[99] = true; return false }) == nil && !sm.disk[99], "an elided change was written")
	sm.broken = true
	check(ask(func() bool { return true }) != nil, "a failed write was not told")
	sm.broken = false
	check(ask(func() bool { sm.state[100] = true; return false }) == nil, "elided")

	held.Lock()
	written, outputs := make(chan error), make(chan error)
	go func() { written <- ask(func() bool { return true }) }()
	time.Sleep(50 * time.Millisecond)
	go func() { outputs <- sm.RegisterResourceOutputs(nil) }()
	select {
	case err := <-outputs: check(err == nil, "outputs refused")
	case <-time.After(10 * time.Second): check(false, "outputs waited for a write")
	}
	held.Unlock()
	check(<-written == nil, "held")

	sm.state[101] = true // what the engine does before it registers a component's outputs
	check(sm.RegisterResourceOutputs(nil) == nil && !sm.disk[101], "outputs had a write of their own")
	check(ask(func() bool { return true }) == nil && sm.disk[101], "outputs were not in the next write")
	sm.state[102] = true
	check(sm.RegisterResourceOutputs(nil) == nil, "outputs")
	close(sm.cancel)
	check(<-done == nil && sm.disk[102], "what was left was not written at the end")
	fmt.Println(sm.writes)
}
"""


def _go(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(go_binary()), *arguments]
    return subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)


def _environment() -> dict[str, str]:
    return go_environment(cgo=False) | {"GOFLAGS": "", "GOPROXY": "off"}


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A program that prints what a function of another module says."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "go.mod").write_text("module example.com/other\n\ngo 1.26\n")
    (other / "other.go").write_text('package other\n\nfunc Says() string { return "theirs" }\n')
    own = tmp_path / "own"
    own.mkdir()
    (own / "go.mod").write_text(
        "module example.com/own\n\ngo 1.26\n\nrequire example.com/other v1.0.0\n\nreplace example.com/other => ../other\n"
    )
    (own / "go.sum").write_text("")
    (own / "main.go").write_text(
        'package main\n\nimport "example.com/other"\n\nfunc main() { println(other.Says()) }\n'
    )
    return own


def _change(ours: Path, was: str = "func Says(") -> Change:
    place = os.path.relpath(ours, ROOT / "local")
    return Change("example.com/other", "other.go", ((was, "func TheySay("),), place)


def test_ours_stands_in_its_place_and_the_module_stays_as_it_is(module: Path, tmp_path: Path) -> None:
    ours = tmp_path / "ours.go"
    ours.write_text('package other\n\nfunc Says() string { return "ours, not " + TheySay() }\n')
    before = (module.parent / "other" / "other.go").read_text(), (module / "go.mod").read_text()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    flags = _change(ours).flags(str(go_binary()), module, _environment(), scratch)
    done = _go(module, "run", *flags, ".")
    assert done.stderr.strip() == "ours, not theirs"
    assert _go(module, "run", ".").stderr.strip() == "theirs"
    assert ((module.parent / "other" / "other.go").read_text(), (module / "go.mod").read_text()) == before


def test_another_version_of_the_module_is_refused(module: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"declares `func Gone\(` 0 times in other.go, not once"):
        _change(tmp_path / "ours.go", "func Gone(").flags(str(go_binary()), module, _environment(), tmp_path)


def test_the_change_is_part_of_what_the_engine_is_built_from() -> None:
    assert isinstance(ENGINE.change, Change)
    assert ROOT / "local" / ENGINE.change.ours in ENGINE.sources()


def test_nobody_is_answered_before_a_write_that_holds_his_change(tmp_path: Path) -> None:
    assert isinstance(ENGINE.change, Change)
    package, deploy = tmp_path / "backend", tmp_path / "resource" / "deploy"
    package.mkdir()
    deploy.mkdir(parents=True)
    (tmp_path / "go.mod").write_text(f"module {MODULE}\n\ngo 1.26\n")
    (tmp_path / "main.go").write_text(f'package main\n\nimport "{MODULE}/backend"\n\nfunc main() {{ backend.Try() }}\n')
    (deploy / "stubs.go").write_text("package deploy\n\ntype Step interface{}\n")
    (package / "stubs.go").write_text(STUBS)
    (package / "ours.go").write_text((ROOT / "local" / ENGINE.change.ours).read_text())
    done = _go(tmp_path, "run", ".")
    assert done.returncode == 0, done.stdout + done.stderr
