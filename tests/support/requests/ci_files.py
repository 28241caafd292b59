"""Commands of a forge's files, read as text and as data: GitHub's workflows and the example for GitLab."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[3]
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GITLAB: Final = ROOT / "docs" / "ci" / "gitlab-ci.yml"
# Up to what a shell, Markdown or a sentence makes of the rest.
_CALL: Final = re.compile(
    r"(?:^|[\s`(])(?:\.venv/bin/)?tenantry(?=\s|\Z)((?: +(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s|&;<>`#()]+))*)", re.MULTILINE
)


def workflow(path: Path) -> dict[str, Any]:
    """`on` is a boolean to YAML 1.1."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in document.items()}


def jobs(path: Path) -> dict[str, Any]:
    return workflow(path)["jobs"]


def scripts(path: Path) -> Iterator[tuple[str, str]]:
    """Each job's name and one thing that it runs."""
    if path == GITLAB:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, job in document.items():
            if isinstance(job, dict):
                yield from ((name, line) for part in ("before_script", "script") for line in job.get(part, ()))
        return
    for name, job in jobs(path).items():
        yield from ((name, step["run"]) for step in job.get("steps", ()) if "run" in step)


def calls(text: str) -> list[str]:
    """The words after `tenantry` in each call; lines that go on with a backslash are one."""
    found = _CALL.finditer(re.sub(r"\s*\\\n\s*", " ", text))
    return [match[1].strip() for match in found if match[1]]


def examples(markdown: str) -> Iterator[str]:
    """Calls in code of a document: between backticks or indented by four."""
    code = [match[1] for match in re.finditer(r"`(tenantry [^`\n]+)`", markdown)]
    code += re.findall(r"^ {4,}((?:\.venv/bin/)?tenantry .+)$", markdown, re.MULTILINE)
    for text in code:
        yield from calls(text)
