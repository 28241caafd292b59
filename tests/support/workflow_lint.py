"""`python -m tests.support.workflow_lint`: zizmor and actionlint over the workflows, GitLab's own schema over its file.

Prints what they find; `make lint` calls it. actionlint is a Go tool, built once into Go's own cache; its version is fixed by tests/workflows/actionlint/go.sum.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

from local.build.go import go_binary, go_environment

ROOT: Final = Path(__file__).resolve().parents[2]
WORKFLOWS: Final = ROOT / ".github" / "workflows"
GITLAB: Final = ROOT / "docs" / "ci" / "gitlab-ci.yml"
ACTIONLINT: Final = ROOT / "tests" / "workflows" / "actionlint"


def zizmor(folder: Path) -> str:
    """Findings of zizmor: missing pins, rights, credentials and the like; empty when nothing."""
    program = Path(sys.executable).parent / "zizmor"
    return _run([str(program), "--offline", "--no-progress", "--color=never", "--quiet", *_files(folder)], ROOT)


def actionlint(folder: Path) -> str:
    """Findings of actionlint: syntax, expressions, unknown inputs and outputs; empty when nothing."""
    tool = [str(go_binary()), "tool", "actionlint", "-no-color", "-shellcheck=", "-pyflakes="]
    return _run([*tool, *_files(folder)], ACTIONLINT)


def gitlab_schema(file: Path) -> str:
    """Complaints by the schema that GitLab publishes for its CI files; empty when there are none. check-jsonschema brings it."""
    program = Path(sys.executable).parent / "check-jsonschema"
    schema = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", "--color", "never"]
    return _run([str(program), *schema, str(file)], ROOT)


def _files(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.glob("*.yml"))]


def _run(command: list[str], folder: Path) -> str:
    """The output of a command that failed. Raises TimeoutExpired after 5 minutes: a first build takes one."""
    done = subprocess.run(
        command, cwd=folder, env=go_environment(cgo=False), capture_output=True, text=True, timeout=300, check=False
    )
    return (done.stdout + done.stderr or f"exit code {done.returncode}") if done.returncode else ""


def main() -> int:
    found = zizmor(WORKFLOWS) + actionlint(WORKFLOWS) + gitlab_schema(GITLAB)
    print(found, end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
