"""Binaries to build: one entry each, with the module it comes from and the flags that facts have shown to be needed."""

from dataclasses import dataclass
from pathlib import Path

from local.build.change import Change
from local.build.rewrite import Line, Rewrite
from local.shared.paths import ROOT

ENGINE_VERSION = "v3.250.0"
KUBERNETES_VERSION = "v1.36.3"
GATEWAY_COMMAND = "github.com/envoyproxy/gateway/cmd/envoy-gateway"
_XDS = "internal/xds/runner/runner.go"
_PROVIDER = "internal/provider/kubernetes/kubernetes.go"
_BOOTSTRAP = "internal/xds/bootstrap/bootstrap.go"
_COMPONENT = "k8s.io/component-base/version"
_MAJOR, _MINOR = KUBERNETES_VERSION.removeprefix("v").split(".")[:2]
_KUBERNETES_FLAGS = " ".join(
    f"-X {_COMPONENT}.{name}={value}"
    for name, value in {"gitVersion": KUBERNETES_VERSION, "gitMajor": _MAJOR, "gitMinor": _MINOR}.items()
)


@dataclass(frozen=True, slots=True)
class Target:
    """A binary: `binary` is made from `package` of the Go module in `module`."""

    binary: str
    module: str
    package: str = "."
    ldflags: str = ""
    tags: str = ""
    cgo: bool = False
    change: Change | Rewrite | None = None

    @property
    def directory(self) -> Path:
        """The folder with the module's go.mod."""
        return ROOT / "local" / self.module

    def sources(self) -> list[Path]:
        """Every file that the binary is built from; the modules it needs are fixed by go.sum."""
        return [
            path
            for path in self.directory.rglob("*")
            if path.is_file()
            and (path.suffix in {".go", ".mod", ".sum"} or "testdata" not in path.parts)
            and not path.name.endswith(("_test.go", ".py", ".pyc", ".md"))
        ]


TARGETS = (
    Target(
        "pulumi",
        "engine",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={ENGINE_VERSION}",
        # One write of the state for all who wait for one: docs/decisions/0018.
        change=Change(
            "github.com/pulumi/pulumi/pkg/v3",
            "backend/snapshot.go",
            (
                ("func (sm *SnapshotManager) defaultServiceLoop(", "func (sm *SnapshotManager) oneByOneServiceLoop("),
                (
                    "func (sm *SnapshotManager) RegisterResourceOutputs(",
                    "func (sm *SnapshotManager) writeForResourceOutputs(",
                ),
            ),
            "engine/_changed/group_commit.go",
        ),
    ),
    Target("kubelite", "cluster", ldflags=_KUBERNETES_FLAGS, tags="grpcnotrace"),
    Target("kubectl", "cluster", "k8s.io/kubernetes/cmd/kubectl", _KUBERNETES_FLAGS),
    # After the cluster's, and with its flags: half of the packages are the same.
    Target(
        "envoy-gateway",
        "gateway",
        GATEWAY_COMMAND,
        _KUBERNETES_FLAGS,
        tags="grpcnotrace",
        change=Rewrite(
            "github.com/envoyproxy/gateway",
            (
                *(
                    Line(_XDS, f'{name} = "/certs/{file}"', f'upstream_{name} = "/certs/{file}"')
                    for name, file in (
                        ("xdsTLSCertFilepath", "tls.crt"),
                        ("xdsTLSKeyFilepath", "tls.key"),
                        ("xdsTLSCaFilepath", "ca.crt"),
                    )
                ),
                Line(_XDS, 'XdsServerAddress = "0.0.0.0"', 'XdsServerAddress = "127.0.0.1"'),
                Line(_XDS, "Snapshot(key, result.XdsResources, ", "Snapshot(key, onThisMachine(result.XdsResources), "),
                Line(_BOOTSTRAP, "DefaultXdsServerPort = 18000", "upstreamXdsServerPort = 18000"),
                Line(_BOOTSTRAP, "Port:    DefaultXdsServerPort,", "Port:    int32(DefaultXdsServerPort),"),
                Line("internal/infrastructure/host/proxy_infra.go", 'new("0.0.0.0")', 'new("127.0.0.1")'),
                # No probes, metrics, webhook and store of Wasm modules: all of them listen on every interface.
                Line(
                    _PROVIDER,
                    "HealthProbeBindAddress:  healthProbeBindAddress,",
                    'HealthProbeBindAddress: "0", Metrics: metricsserver.Options{BindAddress: "0"},',
                ),
                Line(
                    _PROVIDER,
                    "Provider.GetKubernetesInfrastructureConfiguration()\n",
                    "Provider.GetKubernetesInfrastructureConfiguration()\n"
                    "\tkubernetesInfrastructureConfigParams.TopologyInjector = "
                    "&egv1a1.EnvoyGatewayTopologyInjector{Disable: new(true)}\n",
                ),
                Line("internal/gatewayapi/runner/runner.go", "r.startWasmCache(ctx)", "_ = r.startWasmCache"),
            ),
            (
                ("gateway/_changed/this_machine.go", "internal/xds/runner"),
                ("gateway/_changed/xds_port.go", "internal/xds/bootstrap"),
            ),
        ),
    ),
    Target("pulumi-resource-kubernetes", "kubernetes"),
    # Two copies of one protobuf registration meet in this binary: without the flag every start panics.
    Target(
        "pulumi-resource-tf",
        "plugins",
        ldflags="-X google.golang.org/protobuf/reflect/protoregistry.conflictPolicy=ignore",
    ),
)
