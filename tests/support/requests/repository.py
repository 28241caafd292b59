"""A bare git repository as `origin` and clones of it, in a temporary folder: as a forge and its users have them."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PERSON = {"NAME": "Test", "EMAIL": "test@example.com"}
_WHO = ("-c", f"user.name={_PERSON['NAME']}", "-c", f"user.email={_PERSON['EMAIL']}", "-c", "commit.gpgsign=false")
_ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}  # whatever the person's own settings are


PROOF = "k001-20261101T020000Z"  # the id of a backup
ACTIVE = """\
code: k001
name: 示例幼儿园
phone: "13800138001"
plan: basic
status: active
cell: main
contact: {name: 张三, email: zhangsan@example.com}
"""


@dataclass(frozen=True)
class Clone:
    """A work tree; `tenants` is the folder of the tenants' files in it."""

    root: Path

    @property
    def tenants(self) -> Path:
        return self.root / "tenants"

    @classmethod
    def make(cls, parent: Path, files: dict[str, str]) -> Self:
        """An origin whose main branch has these files in tenants/, and a clone of it."""
        origin = parent / "origin.git"
        git(parent, "init", "-q", "--bare", "-b", "main", str(origin))
        first = cls.of(origin, parent / "first")
        (first.root / "tenants").mkdir()
        for name, text in files.items():
            (first.tenants / name).write_text(text, encoding="utf-8")
        first.commit("first")
        first.git("push", "-q", "origin", "HEAD:main")
        return cls.of(origin, parent / "clone")

    @classmethod
    def of(cls, origin: Path, root: Path) -> Self:
        git(origin.parent, "clone", "-q", str(origin), str(root))
        return cls(root)

    def git(self, *arguments: str) -> str:
        return git(self.root, *arguments)

    def paste(self, command: str) -> None:
        """Runs a line as its reader pastes it into a shell."""
        who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in _PERSON.items()}
        env = os.environ | _ALONE | who
        done = subprocess.run(command, shell=True, cwd=self.root, capture_output=True, text=True, check=False, env=env)
        assert done.returncode == 0, f"{command}: {done.stderr}"

    def commit(self, message: str = "change") -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.tenants / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", *_WHO, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | _ALONE)
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout
