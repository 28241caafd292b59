"""The custom resource definitions that the embedded API server serves, read from pinned modules at set-up."""

import json
import subprocess
from pathlib import Path

from local.build.cache import appearing, cache_root, key_of, lock
from local.build.go import go_binary, go_environment
from local.shared.paths import ROOT
from local.shared.progress import Progress

MODULE = ROOT / "local" / "crds"
_PROMETHEUS = "example/prometheus-operator-crd/monitoring.coreos.com_"
_MONITORING = ("alertmanagerconfigs", "podmonitors", "prometheusrules", "servicemonitors")
_ENVOY = "charts/gateway-crds-helm/templates/generated/gateway.envoyproxy.io_"
# Of some only the kinds that are declared: each definition costs the API server time and memory.
FILES = {
    "sigs.k8s.io/gateway-api": ("config/crd/standard/*.yaml",),
    "github.com/envoyproxy/gateway": tuple(
        f"{_ENVOY}{kind}.yaml" for kind in ("backendtrafficpolicies", "clienttrafficpolicies", "httproutefilters")
    ),
    "github.com/prometheus-operator/prometheus-operator": (*(f"{_PROMETHEUS}{kind}.yaml" for kind in _MONITORING),),
    "github.com/kedacore/keda/v2": ("config/crd/bases/keda.sh_scaledobjects.yaml",),
}
# What Envoy Gateway itself watches besides: only where it runs.
GATEWAY_FILES = {
    "github.com/envoyproxy/gateway": tuple(
        f"{_ENVOY}{kind}.yaml"
        for kind in (
            "backends",
            "envoyextensionpolicies",
            "envoypatchpolicies",
            "envoyproxies",
            "securitypolicies",
        )
    )
}


def crds() -> Path:
    """A folder with one YAML file a definition: what every instance has."""
    return _folder(FILES)


def gateway_crds() -> Path:
    """The same of what an instance with a gateway has besides."""
    return _folder(GATEWAY_FILES)


def _folder(files: dict[str, tuple[str, ...]]) -> Path:
    facts = json.dumps(files, sort_keys=True)
    folder = cache_root() / "build" / f"crds-{key_of(MODULE, [MODULE / 'go.mod', MODULE / 'go.sum'], facts)}"
    if folder.exists():
        return folder
    with lock(cache_root() / "build.lock", "waiting for another build on this machine"):
        if not folder.exists():
            progress = Progress("custom resources")
            progress.say("fetching modules")
            with appearing(folder) as scratch:
                for module, patterns in files.items():
                    _copy(module, patterns, scratch)
            progress.done()
    return folder


def _copy(module: str, patterns: tuple[str, ...], scratch: Path) -> None:
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
    for pattern in patterns:
        for file in sorted(source.glob(pattern)):
            (scratch / f"{source.name.partition('@')[0]}-{file.name}").write_text(
                _plain(file.read_text("utf-8")), "utf-8"
            )


def _plain(text: str) -> str:
    """Without the lines that belong to the Helm chart around a definition."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("{{"))
