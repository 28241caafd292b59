"""The environment of the engine's long runs."""

from pathlib import Path

import pytest

from tenantry.engine.process.pulumi_cli import Cli


@pytest.mark.parametrize(("own", "given"), [({}, "40"), ({"GOGC": "200"}, "200")])
def test_the_engine_collects_its_garbage_early_unless_told_otherwise(
    tmp_path: Path, own: dict[str, str], given: str
) -> None:
    engine = tmp_path / "bin" / "pulumi"
    engine.parent.mkdir()
    engine.write_text('#!/bin/sh\nprintf %s "$GOGC"\n')
    engine.chmod(0o755)
    cli = Cli(tmp_path, {"PATH": f"{engine.parent}:/usr/bin:/bin", **own}, "key")
    said = tmp_path / "said"
    assert cli.start(["up"], said).wait(10) == 0
    assert said.read_text() == given
