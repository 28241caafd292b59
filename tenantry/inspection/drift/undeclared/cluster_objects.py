"""All objects in tenants' namespaces, whatever their kind, by their metadata alone: what a Secret holds is not read."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from tenantry.engine.clients.kubernetes import METADATA, Kube
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

PAGE: Final = 500  # objects at once
_EVENTS: Final = ("", "events.k8s.io")  # the groups of Events, which tell of others
_NOT_STORED: Final = "metrics.k8s.io"
Key = tuple[str, str, str]  # group, kind and name: the same for all versions that the server tells an object in


@dataclass(frozen=True, slots=True)
class ApiKind:
    """One kind of namespaced objects that the API server lists."""

    version: str  # v1, apps/v1
    kind: str
    plural: str

    @property
    def group(self) -> str:
        return self.version.rpartition("/")[0]

    @property
    def root(self) -> str:
        return f"/apis/{self.version}" if self.group else f"/api/{self.version}"


@dataclass(frozen=True, slots=True)
class LiveObject:
    """One object's metadata."""

    kind: ApiKind
    namespace: str
    name: str
    uid: str
    metadata: Tree = field(default_factory=dict[str, Any], repr=False, compare=False)

    @property
    def key(self) -> Key:
        return self.kind.group, self.kind.kind, self.name

    @property
    def path(self) -> str:
        return f"{self.kind.root}/namespaces/{self.namespace}/{self.kind.plural}/{quote(self.name, safe='')}"

    @property
    def maker(self) -> str:
        """The program that wrote it first; empty where the server does not say."""
        first = min(self.fields, key=lambda entry: str(entry.get("time", "")), default=None)
        return str(mapping(first).get("manager") or "")

    @property
    def fields(self) -> list[Tree]:
        """The owners of its fields."""
        return [mapping(entry) for entry in sequence(self.metadata.get("managedFields"))]


def kinds(kube: Kube) -> list[ApiKind]:
    """Raises LookupError when the server does not tell them."""
    versions = ["v1"]
    for group in map(mapping, sequence(kube.read("/apis").get("groups"))):
        versions.append(str(mapping(group.get("preferredVersion")).get("groupVersion")))
    all_kinds: list[ApiKind] = []
    for version in versions:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if version.partition("/")[0] == _NOT_STORED:
            continue
        for resource in map(mapping, sequence(kube.read(root).get("resources"))):
            name, kind = str(resource.get("name")), str(resource.get("kind"))
            is_event = kind == "Event" and version.rpartition("/")[0] in _EVENTS
            if resource.get("namespaced") and "list" in sequence(resource.get("verbs")) and not is_event:
                all_kinds.append(ApiKind(version, kind, name))
    return [kind for kind in all_kinds if "/" not in kind.plural]


def objects(kube: Kube, kind: ApiKind, namespaces: Collection[str]) -> Iterator[LiveObject]:
    """Objects of one kind in these namespaces. Raises LookupError in the words of the server when it lists none."""
    after = ""
    while True:
        path = f"{kind.root}/{kind.plural}?limit={PAGE}" + (f"&continue={quote(after, safe='')}" if after else "")
        answer = kube.ask("GET", path, accept=METADATA)
        if answer.status != 200:
            raise LookupError(f"{kind.plural}: {answer.said}")
        for item in map(mapping, sequence(answer.document.get("items"))):
            metadata = mapping(item.get("metadata"))
            if metadata.get("namespace") in namespaces:
                yield LiveObject(
                    kind, str(metadata["namespace"]), str(metadata["name"]), str(metadata.get("uid")), metadata
                )
        after = str(mapping(answer.document.get("metadata")).get("continue") or "")
        if not after:
            return
