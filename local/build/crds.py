"""The custom resource definitions that the embedded API server serves, read from pinned modules at set-up."""

import json
import shutil
import subprocess
from pathlib import Path

from local.build.cache import appearing, cache_root, key_of, lock
from local.build.go import go_binary, go_environment
from local.paths import ROOT
from local.progress import Progress

MODULE = ROOT / "local" / "crds"
FOLDERS = {"sigs.k8s.io/gateway-api": ("config/crd/standard",)}


def crds() -> Path:
    """A folder with one YAML file a definition."""
    facts = json.dumps(FOLDERS, sort_keys=True)
    folder = cache_root() / "build" / f"crds-{key_of(MODULE, [MODULE / 'go.mod', MODULE / 'go.sum'], facts)}"
    with lock(cache_root() / "build.lock", "waiting for another build on this machine"):
        if not folder.exists():
            progress = Progress("custom resources")
            progress.say("fetching modules")
            with appearing(folder) as scratch:
                for module, parts in FOLDERS.items():
                    _copy(module, parts, scratch)
            progress.done()
    return folder


def _copy(module: str, parts: tuple[str, ...], scratch: Path) -> None:
    answer = subprocess.run(
        [str(go_binary()), "mod", "download", "-json", module],
        cwd=MODULE,
        env=go_environment(False),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise SystemExit(f"fetching {module} failed:\n{answer.stdout}{answer.stderr}")
    source = Path(json.loads(answer.stdout)["Dir"])
    for part in parts:
        for file in sorted((source / part).glob("*.yaml")):
            shutil.copyfile(file, scratch / f"{module.rpartition('/')[2]}-{file.name}")
