"""One `go build`, with a line of progress: how many packages of the program's are compiled, and which one is on."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from local.build.go import go_binary, go_environment
from local.build.targets import Target
from local.shared.progress import Progress


def compile_to(target: Target, out: Path, progress: Progress) -> None:
    """Builds `target` to the file `out`. Raises SystemExit with the compiler's last lines when that fails."""
    go, env = str(go_binary()), go_environment(target.cgo)
    flags = ["-ldflags", f"-s -w {target.ldflags}", *(["-tags", target.tags] if target.tags else [])]
    progress.say("fetching modules")
    tags = ["-tags", target.tags] if target.tags else []
    listed = _run([go, "list", "-deps", *tags, target.package], target, env)
    total = len(listed.split())
    said: list[str] = []
    compiled = 0
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as running:
        if target.change:
            flags += target.change.flags(go, target.directory, env, Path(scratch))
        command = [go, "build", "-v", *flags, "-o", str(out), target.package]
        process = running.enter_context(_group(command, target, env))
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line.rstrip())
            if "/" in line or line.strip().isidentifier():
                compiled += 1
                progress.say(f"compiling, {compiled} of at most {total} packages: {line.strip()}")
    if process.returncode:
        raise SystemExit(f"building {target.binary} failed:\n" + "\n".join(said[-20:]))


def _run(command: list[str], target: Target, env: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=target.directory, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"building {target.binary} failed:\n" + "\n".join(done.stderr.splitlines()[-20:]))
    return done.stdout


@contextlib.contextmanager
def _group(command: list[str], target: Target, env: dict[str, str]):
    """The process in a group of its own that never outlives us: the compiler has many children."""
    process = subprocess.Popen(
        command, cwd=target.directory, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
        process.wait()
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            deadline = time.monotonic() + 5
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
