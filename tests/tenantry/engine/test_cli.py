"""The environment of the engine's long runs."""

from pathlib import Path

import pytest

from tenantry.engine.cli import Cli

OWN = {"GOMEMLIMIT": "2GiB"}


@pytest.mark.parametrize(
    ("tenants", "own", "given"), [(0, {}, "190MiB"), (25, {}, "190MiB"), (60, {}, "600MiB"), (60, OWN, "2GiB")]
)
def test_the_engine_is_told_how_much_memory_to_use(
    tmp_path: Path, tenants: int, own: dict[str, str], given: str
) -> None:
    (tmp_path / "tenants").mkdir()
    for number in range(tenants):
        (tmp_path / "tenants" / f"k{number:03}.yaml").touch()
    engine = tmp_path / "bin" / "pulumi"
    engine.parent.mkdir()
    engine.write_text('#!/bin/sh\nprintf %s "$GOMEMLIMIT"\n')
    engine.chmod(0o755)
    cli = Cli(tmp_path, {"PATH": f"{engine.parent}:/usr/bin:/bin", **own}, "key")
    said = tmp_path / "said"
    assert cli.start(["up"], said).wait(10) == 0
    assert said.read_text() == given
