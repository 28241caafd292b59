"""The shell of the workflows' steps, run as a runner runs it: in a clone with a bare repository as origin."""

import os
import subprocess
from dataclasses import dataclass

from tests.support.requests.ci_files import ROOT, jobs
from tests.support.requests.repository import Clone

TENANT = """\
code: {code}
name: 示例幼儿园
phone: "138001380{number}"
plan: {plan}
status: active
cell: main
contact: {{name: 张三, email: zhangsan@example.com}}
"""


@dataclass(frozen=True)
class Runner:
    """A job's folder and summary."""

    clone: Clone

    @property
    def summary(self) -> str:
        path = self.clone.root / "summary"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def step(self, workflow: str, job: str, name: str, **env: str) -> subprocess.CompletedProcess[str]:
        (step,) = (
            step
            for step in jobs(ROOT / ".github" / "workflows" / f"{workflow}.yml")[job]["steps"]
            if step.get("name") == name
        )
        given = {name: value for name, value in os.environ.items() if not name.startswith("TENANTRY_")}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # what `shell: bash` is
            cwd=self.clone.root,
            env=given
            | {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output", "TENANTRY_TODAY": "2026-11-01"}
            | env,
            capture_output=True,
            text=True,
            check=False,
        )


def write_tenant(clone: Clone, code: str, plan: str) -> None:
    text = TENANT.format(code=code, number=code[-2:], plan=plan)
    (clone.tenants / f"{code}.yaml").write_text(text, encoding="utf-8")
