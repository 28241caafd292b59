"""A real API server with the guard rails and one tenant in it, as the components declare them, and people who ask
it."""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from urllib3 import PoolManager

from components.manifests.image_rules import ImageRules
from components.parts.admission import AdmissionPolicies, GuardrailsArgs
from local.build.crds import crds
from tenantry.model.rbac_groups import group
from tests.local.kubernetes.conftest import Kubelite, binary

__all__ = ["binary"]

Json = dict[str, Any]
BARE = "tenant-k009"  # a tenant's namespace without Pod Security: what is refused there, the rails refuse
IN_FORCE_SECONDS = 30  # policies are compiled and read by the API server a little after they are stored
IMAGES = ImageRules("registry.example.com/business-app:1.2.3", ("registry.example.com/tools",), digest=False)
PLURALS = {"Endpoints": "endpoints", "Gateway": "gateways", "Ingress": "ingresses"}


def path_of(kind: str, version: str, namespace: str | None, name: str = "") -> str:
    """The REST path of a kind's objects, or of one."""
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    place = f"/namespaces/{namespace}" if namespace else ""
    regular = f"{kind.lower()[:-1]}ies" if kind.endswith("y") else f"{kind.lower()}s"
    return f"{root}{place}/{PLURALS.get(kind, regular)}" + (f"/{name}" if name else "")


@dataclass(frozen=True)
class Server:
    """The API server's address, and its administrator's token."""

    pool: PoolManager
    url: str
    token: str


@dataclass(frozen=True)
class Actor:
    """Somebody, by impersonation; without a name the administrator."""

    server: "Server"
    user: str = ""
    group: str = ""

    def ask(self, method: str, path: str, body: Any = None, *, kind: str = "application/json", dry: bool = True) -> str:
        """The API server's answer: empty when it lets it pass. Nothing is kept unless `dry` is off."""
        headers = {"Content-Type": kind, "Accept": "application/json", "Authorization": f"Bearer {self.server.token}"}
        if self.user:
            headers["Impersonate-User"] = self.user
        if self.group:
            headers["Impersonate-Group"] = self.group
        query = "?dryRun=All" if dry and method != "GET" else ""
        content = None if body is None else json.dumps(body)
        answer = self.server.pool.request(method, f"{self.server.url}{path}{query}", content, headers=headers)
        return "" if answer.status < 300 else f"{answer.status} {_message(answer.data.decode())}"

    def read(self, path: str) -> Json:
        headers = {"Authorization": f"Bearer {self.server.token}"}
        return json.loads(self.server.pool.request("GET", f"{self.server.url}{path}", headers=headers).data)

    def create(self, thing: Json, *, dry: bool = True) -> str:
        metadata = thing["metadata"]
        path = path_of(thing["kind"], thing["apiVersion"], metadata.get("namespace"))
        return self.ask("POST", path, thing, dry=dry)

    def patch(self, kind: str, version: str, namespace: str | None, name: str, patch: Json) -> str:
        path = path_of(kind, version, namespace, name)
        return self.ask("PATCH", path, patch, kind="application/merge-patch+json")

    def delete(self, kind: str, version: str, namespace: str | None, name: str) -> str:
        return self.ask("DELETE", path_of(kind, version, namespace, name))


def _message(text: str) -> str:
    try:
        return json.loads(text)["message"]
    except (ValueError, KeyError):
        return text


@dataclass
class Cluster:
    server: Server
    objects: list[Json] = field(default_factory=list[Json])  # as declared, in the order of the program
    refused: list[str] = field(default_factory=list[str])

    @property
    def provisioner(self) -> Actor:
        return Actor(self.server)

    @property
    def wide(self) -> Actor:
        """Somebody who was given far too much: everything but the admission policies themselves."""
        return Actor(self.server, "wide")

    def member(self, code: str, role: str) -> Actor:
        return Actor(self.server, "somebody", group(code, role))


@pytest.fixture(scope="package")
def server(binary: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    kubelite = Kubelite(binary("kubelite"), tmp_path_factory.mktemp("guarded"), crds())
    kubelite.start()
    settings: Json = yaml.safe_load(kubelite.kubeconfig.read_text())
    where = settings["clusters"][0]["cluster"]
    authority = b64decode(where["certificate-authority-data"]).decode()
    pool = PoolManager(ca_cert_data=authority, timeout=30, retries=False)
    yield Cluster(Server(pool, where["server"], settings["users"][0]["user"]["token"]))
    kubelite.stop()


@pytest.fixture
def cluster(
    server: Cluster, record: Any, tenant: Any, parts: Any, installation: Any, reveal_all: Any, make_providers: Any
) -> Cluster:
    """With the rails and k001 in it, and the notice that it would have if it were suspended; made once."""
    if not server.objects:

        def program() -> None:
            AdmissionPolicies("rails", GuardrailsArgs(installation, IMAGES, make_providers().kubernetes))

        notice = parts(tenant(status="suspended")).of("HTTPRouteFilter")
        declared = [*record(program).resources, *parts(tenant(plan="premium")).resources, *notice]
        server.objects = [reveal_all(entry.inputs) for entry in declared if entry.provider == "kubernetes"]
        _fill(server)
    return server


def _fill(cluster: Cluster) -> None:
    """Rails first, and the tenant only once they are in force, as the platform orders it."""
    admin = cluster.provisioner
    rules = [{"apiGroups": [group], "resources": ["*"], "verbs": ["*"]} for group in WIDE]
    apart = [
        {"kind": "ClusterRole", "metadata": {"name": "wide"}, "rules": rules},
        {
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "wide"},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "wide"},
            "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "wide"}],
        },
    ]
    bare = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": BARE, "labels": {"tenantry.io/tenant": "k009"}},
    }
    rails = [obj for obj in cluster.objects if obj["kind"] in RAILS]
    made = [*({"apiVersion": f"{RBAC}/v1"} | name for name in apart), *rails, bare]
    cluster.refused = [said for said in (admin.create(pod, dry=False) for pod in made) if said]
    stranger = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant-k777"}}
    deadline = time.monotonic() + IN_FORCE_SECONDS
    while "tenantry-namespaces" not in cluster.wide.create(stranger):
        assert time.monotonic() < deadline, "the rails are not in force"
        time.sleep(0.2)
    rest = [obj for obj in cluster.objects if obj["kind"] not in RAILS]
    cluster.refused += [said for said in map(partial(_apply, admin), rest) if said]


def _apply(admin: Actor, thing: Json) -> str:
    """The account `default` is there already, or will be in a moment."""
    metadata = thing["metadata"]
    if metadata["name"] != "default":
        return admin.create(thing, dry=False)
    path = path_of(thing["kind"], thing["apiVersion"], metadata["namespace"], metadata["name"])
    return admin.ask("PATCH", f"{path}?fieldManager=tenantry", thing, kind="application/apply-patch+yaml", dry=False)


RAILS = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ClusterRole")
RBAC = "rbac.authorization.k8s.io"
WIDE = (
    "",
    "apps",
    "batch",
    "policy",
    "networking.k8s.io",
    "discovery.k8s.io",
    "gateway.networking.k8s.io",
    "gateway.envoyproxy.io",
    RBAC,
)
