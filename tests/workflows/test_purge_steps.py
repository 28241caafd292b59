"""The steps of the nightly purge: what is pushed, with which key, and what bounds the run."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.requests.ci_files import GITLAB, scripts
from tests.support.requests.repository import Clone
from tests.support.requests.workflow_runner import Runner, write_tenant

PUSH = "push what it wrote, also where one tenant's step failed"
RUN = "run the stack, for what removals and dates bring"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"
# A forge's sshd: who has the key, and is asked by the host's name with its known key, may read and push.
SSH = f"""#!/bin/bash
echo "$@" >>"$ASKED"
while [ $# -gt 1 ]; do
  case $1 in
    -i) key=$2 ;;
    UserKnownHostsFile=*) known=${{1#*=}} ;;
    git@*) host=$1 ;;
  esac
  shift
done
[ "$(stat -c %a "$key")" = 600 ] && [ "$(cat "$key")" = "$ALLOWED" ] || exit 255
[ "$host" = git@github.com ] && grep -qx "github.com {HOST_KEY}" "$known" || exit 255
cd "$ORIGIN/.." && exec sh -c "${{1/acme\\/fleet.git/$ORIGIN}}"
"""
Push = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def push(runner: Runner, tmp_path: Path) -> Push:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ssh").write_text(SSH)
    (folder / "ssh").chmod(0o755)
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "meta").write_text(f'{{"ssh_keys": ["{HOST_KEY}", "ssh-rsa AAAAB3"]}}')
    (tmp_path / "scratch").mkdir()

    def run(key: str = KEY) -> "subprocess.CompletedProcess[str]":
        return runner.step(
            *("purge", "purge", PUSH),
            PATH=f"{folder}:{os.environ['PATH']}",
            TMPDIR=str(tmp_path / "scratch"),
            ORIGIN=str(tmp_path / "origin.git"),
            ASKED=str(tmp_path / "asked"),
            GITHUB_API_URL=f"file://{tmp_path}/api",
            GITHUB_SERVER_URL="https://github.com",
            GITHUB_REPOSITORY="acme/fleet",
            PUSH_KEY=key,
            ALLOWED=KEY,
        )

    runner.clone.git("config", "user.name", "tenantry")
    runner.clone.git("config", "user.email", "tenantry@example.com")
    return run


def on_main(runner: Runner) -> list[str]:
    runner.clone.git("fetch", "-q")
    return runner.clone.git("log", "--format=%s", "origin/main").splitlines()


def test_nothing_is_pushed_and_no_key_is_written_where_nothing_was_done(push: Push, tmp_path: Path) -> None:
    assert push(key="").returncode == 0
    assert not (tmp_path / "asked").exists()


def test_what_it_wrote_is_pushed_onto_what_main_has_become(runner: Runner, push: Push, tmp_path: Path) -> None:
    """A request that was merged meanwhile stays; neither key nor known hosts stay on the runner."""
    write_tenant(runner.clone, "k030", "basic")
    runner.clone.commit("k030: tombstone")
    author = Clone.of(tmp_path / "origin.git", tmp_path / "author")
    write_tenant(author, "k031", "basic")
    author.commit("Open k031")
    author.git("push", "-q", "origin", "HEAD:main")
    done = push()
    assert done.returncode == 0, done.stderr
    assert on_main(runner)[:2] == ["k030: tombstone", "Open k031"]
    assert list((tmp_path / "scratch").iterdir()) == []
    assert "c2VjcmV0" not in done.stdout + done.stderr + (tmp_path / "asked").read_text()


def test_without_the_key_nothing_is_pushed_and_the_step_fails(runner: Runner, push: Push, tmp_path: Path) -> None:
    before = on_main(runner)
    write_tenant(runner.clone, "k030", "basic")
    runner.clone.commit("k030: tombstone")
    assert push(key="another").returncode != 0
    assert on_main(runner) == before
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(("report", "effect", "runs"), [(0, 7, True), (0, 0, True), (0, 3, False), (1, 0, False)])
def test_the_run_is_held_to_what_is_due(report: int, effect: int, runs: bool, runner: Runner, tmp_path: Path) -> None:
    """Nothing runs where it cannot be said what is due."""
    (runner.clone.root / ".venv").unlink()  # it leads to that of this checkout
    folder = runner.clone.root / ".venv" / "bin"
    folder.mkdir(parents=True)
    script = (
        '#!/bin/sh\necho "$@" >>"$ASKED"\ncase "$*" in *"report due"*) exit $DUE ;; *render*) exit $EFFECT ;; esac\n'
    )
    for name in ("python", "tenantry"):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    asked = tmp_path / "asked"
    env = {
        "STACK": "prod",
        "RUNNER_TEMP": str(tmp_path),
        "ASKED": str(asked),
        "DUE": str(report),
        "EFFECT": str(effect),
    }
    done = runner.step("purge", "purge", RUN, **env)
    lines = [
        line.removeprefix("-m tenantry.engine.run.oidc_session .venv/bin/tenantry ")
        for line in asked.read_text().splitlines()
    ]
    assert lines[0] == f"report due --stack prod --output {tmp_path}/due.json"
    up = [line for line in lines if line.startswith("up ")]
    assert up == ([f"up --stack prod --approved {tmp_path}/due.json"] if runs else [])
    assert (done.returncode == 0) is runs


@pytest.mark.parametrize("is_settled", [True, False])
def test_gitlab_runs_the_stack_only_once_main_has_what_was_written(
    is_settled: bool, runner: Runner, tmp_path: Path
) -> None:
    """A push that main's newest commit stands against ends the job, before anything is removed."""
    (runner.clone.root / ".venv").unlink()
    folder = runner.clone.root / ".venv" / "bin"
    folder.mkdir(parents=True)
    written = 'case "$*" in *"purge --stack"*) echo "# stone" >>tenants/k001.yaml; git commit -qam "k001: tombstone" ;; esac\n'
    (folder / "python").write_text(f'#!/bin/sh\necho "$@" >>"$ASKED"\n{written}')
    (folder / "make").write_text("#!/bin/sh\n")
    for name in ("python", "make"):
        (folder / name).chmod(0o755)
    author = Clone.of(tmp_path / "origin.git", tmp_path / "author")
    (author.tenants / ("k002.yaml" if is_settled else "k001.yaml")).open("a").write("# another\n")
    author.commit("meanwhile")
    fetched = 'git fetch -q origin "$CI_DEFAULT_BRANCH"'
    lines = [line for name, line in scripts(GITLAB) if name == "purge"]
    pushing = f"git -C {author.root} push -q origin HEAD:main"  # just after the job has fetched
    lines.insert(lines.index(fetched) + 1, pushing)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", "\n".join(lines)],  # as GitLab's runner does
        cwd=runner.clone.root,
        env=os.environ
        | {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "ASKED": str(tmp_path / "asked"),
            "STACK": "prod",
            "CI_DEFAULT_BRANCH": "main",
            "CI_PROJECT_URL": str(tmp_path / "origin"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is is_settled, done.stderr
    asked = (tmp_path / "asked").read_text()
    assert ("tenantry up" in asked) is is_settled
    assert on_main(runner)[0] == ("k001: tombstone" if is_settled else "meanwhile")
