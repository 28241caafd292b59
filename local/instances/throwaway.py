"""A throw-away instance of the embedded default in a copy of the checkout, for the end-to-end tests and the benchmarks.

The instance is real: engine, PostgreSQL, Kubernetes and stand-in as `make up` starts them, removed at the end.
"""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from local.gateway.choice import SWITCH
from local.shared.paths import ROOT

# Percent of growth before engine, plugins and control plane collect garbage: these machines have memory to spare, and
# runs are many and short. An up with nothing to do takes a tenth less processor time, the start of a cluster a third.
GARBAGE_PERCENT = "400"
LOCAL_SECONDS = 3600  # a start may have to build everything first
SHOWN_LINES = 40  # of a command that failed
# What Python has compiled comes along: a copy keeps the times by which it is known to be current.
LEFT_OUT = {".git", ".venv", ".local", ".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache"}


@dataclass
class World:
    """One throw-away checkout with its instance; `run` acts as its user would after `. .local/env`."""

    folder: Path
    gateway: bool = False
    outputs: list[str] = field(default_factory=list[str])

    @cached_property
    def env(self) -> dict[str, str]:
        shell = f". {self.folder}/.local/env && env -0"
        text = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout
        return {"GOGC": GARBAGE_PERCENT} | dict(line.split("=", 1) for line in text.split("\0") if line)

    def run(
        self,
        *command: str,
        ok: int | None = 0,
        seconds: float = 600,
        env: Mapping[str, str] | None = None,
        asks_for_secrets: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in the checkout, asserts its exit code unless `ok` is None, keeps its output.

        What was asked for secrets is not kept: what is kept gets scanned for them.
        """
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.env, **(env or {})},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if not asks_for_secrets:
            self.outputs.append(done.stdout + done.stderr)
        assert ok is None or done.returncode == ok, (
            f"{command} ended with {done.returncode}\n{_end(done.stdout)}\n{_end(done.stderr)}"
        )
        return done

    def up(
        self, *arguments: str, ok: int | None = 0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`tenantry up` on the stack `local`."""
        return self.run("tenantry", "up", "--stack", "local", *arguments, ok=ok, env=env)

    def local(self, *arguments: str, ok: int | None = 0) -> subprocess.CompletedProcess[str]:
        """`python -m local ...` of the copy, outside its environment, as `make` calls it."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "PG"))}
        env["TENANTRY_LOCAL"] = str(self.folder / ".local")
        env[SWITCH] = "on" if self.gateway else "off"
        env["GOGC"] = GARBAGE_PERCENT
        done = subprocess.run(
            [sys.executable, "-m", "local", *arguments],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=LOCAL_SECONDS,
        )
        assert ok is None or done.returncode == ok, f"{arguments}: {_end(done.stdout)}\n{_end(done.stderr)}"
        return done

    def state(self) -> dict[str, Any]:
        """The stack's state as exported, secrets encrypted."""
        return json.loads(self.run("pulumi", "stack", "export", "--stack", "local").stdout)["deployment"]

    def resources(self) -> list[dict[str, Any]]:
        return self.state().get("resources", [])

    def stack_outputs(self, secrets: bool = False) -> dict[str, Any]:
        options = ["--show-secrets"] if secrets else []
        command = ("pulumi", "stack", "output", "--json", "--stack", "local", *options)
        return json.loads(self.run(*command, asks_for_secrets=secrets).stdout)

    def connect(
        self, database: str = "postgres", user: str = "", password: str = ""
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection as the administrator, or as `user` with `password`."""
        return psycopg.connect(
            host="127.0.0.1",
            port=int(self.env["PGPORT"]),
            dbname=database,
            user=user or self.env["PGUSER"],
            password=password or self.env["PGPASSWORD"],
            autocommit=True,
            connect_timeout=10,
        )

    def kubectl(self, *arguments: str) -> Any:
        """The output of kubectl, which may hold Secrets."""
        return json.loads(self.run("kubectl", *arguments, "-o", "json", asks_for_secrets=True).stdout)

    def alibaba(self) -> dict[str, Any]:
        """Everything that the stand-in holds, without secrets."""
        token = (self.folder / ".local" / "alibaba" / "control-token").read_text().strip()
        url = f"{self.env['TENANTRY_ALIBABA_PROXY']}/_tenantry/snapshot"
        request = urllib.request.Request(url, headers={"X-Tenantry-Control": token})  # noqa: S310 - loopback
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)

    def tenant_file(self, code: str) -> Path:
        return self.folder / "tenants" / f"{code}.yaml"


def left_out(_: str, names: list[str]) -> set[str]:
    """Also what Python is just compiling: such a file has another name in a moment."""
    return LEFT_OUT & set(names) | {name for name in names if ".pyc." in name}


def _end(text: str) -> str:
    """The last lines of what a command said: the whole would be pages."""
    lines = text.splitlines()
    left = [f"... {len(lines) - SHOWN_LINES} lines before"] if len(lines) > SHOWN_LINES else []
    return "\n".join([*left, *lines[-SHOWN_LINES:]])


@contextmanager
def throwaway(parent: Path, *, gateway: bool = False) -> Iterator[World]:
    """A world below `parent` with its services started and nothing converged yet; stopped and removed at the end.

    Without a gateway unless asked for: most tests send no requests.
    """
    folder = parent / "tenantry"
    shutil.copytree(ROOT, folder, ignore=left_out)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    one = World(folder, gateway)
    try:
        one.local("start")  # one that fails may have left others of its services running
        yield one
    finally:
        try:
            one.local("clean", "--yes")
        finally:
            shutil.rmtree(folder)
