"""The record of a run over many stacks that has not come to its end, for `--resume`."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tenantry.engine.process.engine_starts import folder_of
from tenantry.engine.run.operations import Operation
from tenantry.parsing.json_narrowing import sequence


@dataclass(frozen=True, slots=True)
class StoppedRun:
    """A file of this user, on this machine: the names of the stacks that the run has brought to their end."""

    file: Path

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """The record of the runs that begin at this stack."""
        return cls(folder_of(operation.environment).parent / "all-stacks" / f"{operation.cli.key}.json")

    def read(self) -> frozenset[str] | None:
        """None where no run has stopped, or what it left cannot be read."""
        try:
            document: Any = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return frozenset(map(str, sequence(document)))

    def write(self, names: Collection[str]) -> None:
        """Complete or not at all."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.file.with_suffix(".new")
        scratch.write_text(json.dumps(sorted(names)), encoding="utf-8")
        scratch.replace(self.file)

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)
