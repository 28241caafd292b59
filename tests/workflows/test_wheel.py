"""The wheel holds the command alone: the other rooms have names that collide with anybody's."""

import os
import subprocess
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_holds_one_import_name(tmp_path: Path) -> None:
    uv = os.environ.get("UV") or subprocess.run(
        ["make", "--silent", "--eval=print-uv: ; @echo $(UV)", "print-uv"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", str(tmp_path)], cwd=ROOT, check=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = next(archive.read(name).decode() for name in names if name.endswith("/entry_points.txt"))
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tenantry"}
    assert "tenantry = tenantry.cli.app:main" in entry_points
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "tenantry").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources
    assert any(name.endswith("/licenses/LICENSE") for name in names)
