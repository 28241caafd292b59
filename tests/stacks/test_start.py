"""Every run of every stack pays, before its first resource, for the modules that the program loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from stacks.migrations_digest import digest_of

ROOT = Path(__file__).resolve().parents[2]
# Each costs more than all that the program needs of its package.
HEAVY = (
    "pulumi_alicloud.oss.bucket",
    "pulumi_kubernetes.core.v1",
    "pulumi_kubernetes.core.v1._inputs",
    "pulumi_alicloud.ecs",
    "pulumi_alicloud.cs",
)


def test_the_program_loads_no_part_of_an_sdk_that_it_does_not_use() -> None:
    script = (
        "import sys, stacks.program\n"
        "for name, module in list(sys.modules.items()):\n"
        "    if type(module).__name__ != '_LazyModule': print(name)\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "components.tenant" in loaded
    assert not [name for name in loaded if name in HEAVY]


def test_the_entry_finds_the_project_from_its_own_folder(tmp_path: Path) -> None:
    script = (
        "import pulumi, runpy, sys\n"
        f"sys.path[0] = {str(ROOT / 'stacks')!r}\n"
        "pulumi.run = lambda main: print(sys.path[0], main.__module__, main.__name__)\n"
        f"runpy.run_path({str(ROOT / 'stacks')!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(ROOT), "stacks.program", "main"]


def test_a_digest_changes_with_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("select 1;")
    first = digest_of(tmp_path)
    assert digest_of(tmp_path) == first
    (tmp_path / "0001_a.sql").write_text("select 2;")
    second = digest_of(tmp_path)
    (tmp_path / "0001_a.sql").rename(tmp_path / "0002_a.sql")
    third = digest_of(tmp_path)
    (tmp_path / "0003_b.sql").write_text("")
    assert len({first, second, third, digest_of(tmp_path)}) == 4


def test_a_set_without_migrations_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no migrations"):
        digest_of(tmp_path)
