"""The embedded cluster as the gateway's processes see it: objects read, applied and watched as its administrator."""

import base64
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

MANAGER = "tenantry-embedded"
WATCH_SECONDS = 300
RETRY_SECONDS = 0.2
Tree = dict[str, Any]


class Gone(Exception):
    """The API server no longer knows where a watch stood, or ended it with an error."""


@dataclass(frozen=True)
class Cluster:
    """The API server of one instance, by its kubeconfig's own token and certificate."""

    host: str
    port: int
    token: str = field(repr=False)
    trust: ssl.SSLContext = field(repr=False)

    @classmethod
    def of(cls, kubeconfig: Path) -> "Cluster":
        """Raises OSError where there is no such file yet."""
        settings = yaml.safe_load(kubeconfig.read_text())
        cluster, user = settings["clusters"][0]["cluster"], settings["users"][0]["user"]
        url = urlsplit(cluster["server"])
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        assert url.hostname
        return cls(url.hostname, url.port or 443, user["token"], ssl.create_default_context(cadata=authority))

    def read(self, path: str) -> Tree | None:
        """Returns the document, or None where there is none. Raises RuntimeError for any other refusal."""
        return self._ask("GET", path)

    def apply(self, path: str, body: Tree) -> Tree:
        """Applies an object, whatever another manager says of these fields."""
        document = self._ask("PATCH", f"{path}?fieldManager={MANAGER}&force=true", body)
        assert document is not None, path
        return document

    def follow(self, path: str) -> Iterator[tuple[str, Tree]]:
        """Yields ("ALL", list) once, then each change as (type, object); after a break ("ALL", list) again. Never ends.

        A cluster that does not answer is asked again: it may be starting.
        """
        while True:
            try:
                listed = self.read(path) or {}
                yield "ALL", listed
                yield from self._changes(path, listed["metadata"]["resourceVersion"])
            except (OSError, http.client.HTTPException, ValueError, KeyError, RuntimeError, Gone):
                time.sleep(RETRY_SECONDS)

    def _changes(self, path: str, version: str) -> Iterator[tuple[str, Tree]]:
        mark = "&" if "?" in path else "?"
        while True:
            connection = self._connect(WATCH_SECONDS + 30)
            query = (
                f"{mark}watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={version}"
            )
            connection.request("GET", path + query, headers=self._headers())
            answer = connection.getresponse()
            if answer.status != 200:
                raise Gone(answer.read())
            for line in answer:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise Gone(event)
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    yield event["type"], event["object"]
            connection.close()

    def _ask(self, method: str, path: str, body: Tree | None = None) -> Tree | None:
        connection = self._connect(30)
        try:
            content = None if body is None else json.dumps(body)
            headers = self._headers() | ({"Content-Type": "application/apply-patch+yaml"} if body is not None else {})
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status == 404:
            return None
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500].decode(errors='replace')}")
        return json.loads(text)

    def _connect(self, seconds: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.host, self.port, timeout=seconds, context=self.trust)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}


def await_cluster(kubernetes: Path) -> Cluster:
    """Returns when the control plane in this folder says that all of it is up, and answers."""
    while True:
        try:
            if (kubernetes / "ready").exists():
                cluster = Cluster.of(kubernetes / "kubeconfig")
                if cluster.read("/apis") is not None:
                    return cluster
        except (OSError, http.client.HTTPException, RuntimeError, ValueError):
            pass
        time.sleep(RETRY_SECONDS / 4)
