"""Binaries to build: one entry each, with the module it comes from and the flags that facts have shown to be needed."""

from dataclasses import dataclass
from pathlib import Path

from local.build.change import Change
from local.shared.paths import ROOT

ENGINE_VERSION = "v3.250.0"
KUBERNETES_VERSION = "v1.36.3"
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
    change: Change | None = None

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
            and not path.name.endswith(("_test.go", ".py", ".md"))
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
    Target("pulumi-resource-kubernetes", "kubernetes"),
    # Two copies of one protobuf registration meet in this binary: without the flag every start panics.
    Target(
        "pulumi-resource-tf",
        "plugins",
        ldflags="-X google.golang.org/protobuf/reflect/protoregistry.conflictPolicy=ignore",
    ),
)
