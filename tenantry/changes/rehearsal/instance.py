"""A throw-away instance of the embedded default, started, moved and removed by `python -m local` of a tree."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tenantry.changes.rehearsal.commands import Commands, Done, exported
from tenantry.changes.rehearsal.trees import EMBEDDED, Tree
from tenantry.engine.stack.embedded import EMBEDDED_STACK


class InstanceError(Exception):
    """The instance does not do what it must; says what its command said."""


class Instance:
    """In a folder of its own, with ports of its own. The tree that started it last is the one whose services run."""

    def __init__(self, folder: Path, commands: Commands) -> None:
        self.folder = folder
        self._commands = commands
        self._host: Tree | None = None

    @cached_property
    def environment(self) -> dict[str, str]:
        return exported(self.folder / "env")

    @property
    def is_started(self) -> bool:
        return self._host is not None

    def start(self, tree: Tree) -> bool:
        """Runs the services by this tree's own code; True where those of another one were stopped for that."""
        is_other = self._host is not None and self._host.digest(EMBEDDED) != tree.digest(EMBEDDED)
        if self._host is not None and not is_other:
            return False
        if is_other:
            self._local("stop")
        self._host = tree
        self._local("start")
        self.__dict__.pop("environment", None)
        return is_other

    def remove(self) -> None:
        """With all its data. What cannot be removed is told, and where it lies."""
        if self._host is not None:
            self._local("clean", "--yes")

    def tenantry(self, tree: Tree, *arguments: str) -> tuple[Done, Any]:
        """A command of the tree on the instance's stack, and the JSON that it printed; None where it printed none."""
        command = [tree.python, "-m", "tenantry.cli", *arguments, "--stack", EMBEDDED_STACK, "--json"]
        done = self._commands.run(command, tree.root, {**self.environment, "PYTHONPATH": str(tree.root)})
        try:
            return done, json.loads(done.out)
        except ValueError:
            return done, None

    def _local(self, *arguments: str) -> None:
        tree = self._host
        assert tree is not None  # noqa: S101 (set by `start`)
        command: Sequence[str] = (tree.python, "-m", EMBEDDED, *arguments)
        done = self._commands.run(command, tree.root, {"TENANTRY_LOCAL": str(self.folder)}, is_progress=True)
        if done.code:
            raise InstanceError(f"`python -m local {arguments[0]}` ended with {done.code}:\n{done.said}")
