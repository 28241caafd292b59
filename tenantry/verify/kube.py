"""The Kubernetes API as somebody: plain requests, since the typed client judges bodies before the server can."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tenantry.engine.trees import Tree, mapping, sequence
from tenantry.verify.model import Verdict, held, hole, unclear

TIMEOUT_SECONDS: Final = 15.0
MERGE: Final = "application/merge-patch+json"
JSON: Final = "application/json"
METADATA: Final = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"  # of a list; a Secret's data stays there


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said."""

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
        told = [one for one in settings.auth_settings().values() if one["in"] == "header"]
        pool = rest.RESTClientObject(settings).pool_manager
        settings.cert_file = settings.key_file = None
        headers = {str(one["key"]).title(): str(one["value"]) for one in told if one["value"]}
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
            for one in value.split(",") if name == "Impersonate-Group" else [value]:
                if one:
                    headers.add(name, one)
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
        return [mapping(one) for one in sequence(self.read(path).get("items"))]

    @property
    def me(self) -> str:
        """Who the server believes this is."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        told = self.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body, dry=False)
        return str(mapping(mapping(told.document.get("status")).get("userInfo")).get("username") or told.said)


def _document(data: bytes) -> Tree:
    try:
        return mapping(json.loads(data))
    except ValueError:
        return {"message": data[:200].decode(errors="replace")}


def refused_by_rights(answer: Answer) -> Verdict:
    """Held when RBAC itself said no; an admission's word would mean that the right was there."""
    if answer.status == 403 and " is forbidden: User " in answer.said:
        return held()
    return _else(answer, "the right is there: ")


def refused_by(ways: Sequence[Collection[str]], answer: Answer) -> Verdict:
    """Held when an admission rule said all the words of one of these ways."""
    message = str(answer.document.get("message"))
    if answer.status in (403, 422) and any(all(words in message for words in way) for way in ways):
        return held()
    wanted = " or ".join(" ".join(way) for way in ways)
    return _else(answer, f"`{wanted}` was not said: ")


def by_rail(rail: str, sentence: str = "") -> tuple[str]:
    """What the API server says for an admission policy, which no name of an object can look like; of ours each sentence
    begins with the policy's name."""
    return (f"ValidatingAdmissionPolicy '{rail}' with binding '{rail}' denied request: {rail}: {sentence}",)


def by_pod_security(reason: str) -> tuple[str, str]:
    return ('violates PodSecurity "restricted', reason)


def _else(answer: Answer, why: str) -> Verdict:
    return hole(why + answer.said) if answer.status < 300 else unclear(why + answer.said)
