"""The Kubernetes API as somebody: plain requests, since the typed client judges bodies before the server can."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tenantry.parsing.json_narrowing import Tree, mapping, sequence

TIMEOUT_SECONDS: Final = 15.0
MERGE: Final = "application/merge-patch+json"
JSON: Final = "application/json"
METADATA: Final = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"  # of a list; a Secret's data stays there


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API server."""

    status: int
    document: Tree = field(repr=False)

    @property
    def said(self) -> str:
        return f"{self.status} {self.document.get('message') or self.document.get('kind') or ''}".strip()[:500]


@dataclass(frozen=True)
class Kube:
    """Headers decide who asks: the administrator's own, plus impersonation; or a service account's token alone."""

    host: str
    pool: Any = field(repr=False)
    bare: Any = field(repr=False)  # without the administrator's client certificate, which would win over a token
    headers: dict[str, str] = field(repr=False, default_factory=dict[str, str])

    @classmethod
    def admin(cls, kubeconfig: Any) -> "Kube":
        """Raises kubernetes' ConfigException for what is no kubeconfig."""
        import importlib

        config: Any = importlib.import_module("kubernetes.config")
        client: Any = importlib.import_module("kubernetes.client")
        rest: Any = importlib.import_module("kubernetes.client.rest")
        settings: Any = client.Configuration()
        config.load_kube_config_from_dict(dict(kubeconfig), client_configuration=settings)
        settings.connection_pool_maxsize, settings.retries = 16, False
        settings_of_headers = [setting for setting in settings.auth_settings().values() if setting["in"] == "header"]
        pool = rest.RESTClientObject(settings).pool_manager
        settings.cert_file = settings.key_file = None
        headers = {str(entry["key"]).title(): str(entry["value"]) for entry in settings_of_headers if entry["value"]}
        return cls(settings.host, pool, rest.RESTClientObject(settings).pool_manager, headers)

    def impersonating(self, user: str, *groups: str) -> "Kube":
        return replace(self, headers={**self.headers, "Impersonate-User": user, "Impersonate-Group": ",".join(groups)})

    def holding(self, token: str) -> "Kube":
        return replace(self, pool=self.bare, headers={"Authorization": f"Bearer {token}"})

    def ask(
        self, method: str, path: str, body: Any = None, *, dry: bool = True, kind: str = "", accept: str = JSON
    ) -> Answer:
        """One request; nothing is kept unless `dry` is off. Raises urllib3's HTTPError without an answer."""
        import urllib3

        headers = urllib3.HTTPHeaderDict({"Accept": accept})
        for name, value in self.headers.items():
            for part in value.split(",") if name == "Impersonate-Group" else [value]:
                if part:
                    headers.add(name, part)
        content = None if body is None else json.dumps(body)
        headers["Content-Type"] = kind or (MERGE if method == "PATCH" else "application/json")
        mark = "&" if "?" in path else "?"
        query = f"{mark}dryRun=All" if dry and method != "GET" else ""
        answer = self.pool.request(
            method, f"{self.host}{path}{query}", body=content, headers=headers, timeout=TIMEOUT_SECONDS, retries=False
        )
        return Answer(answer.status, _document(answer.data))

    def read(self, path: str) -> Tree:
        """Raises LookupError with what the server said when it is not that."""
        answer = self.ask("GET", path)
        if answer.status != 200:
            raise LookupError(f"{path}: {answer.said}")
        return answer.document

    def items(self, path: str) -> list[Tree]:
        return [mapping(item) for item in sequence(self.read(path).get("items"))]

    @property
    def me(self) -> str:
        """The user that the server takes this client for."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = self.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body, dry=False)
        return str(mapping(mapping(answer.document.get("status")).get("userInfo")).get("username") or answer.said)


def _document(data: bytes) -> Tree:
    try:
        return mapping(json.loads(data))
    except ValueError:
        return {"message": data[:200].decode(errors="replace")}
