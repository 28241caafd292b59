"""The tenants of one live stack, and the credentials each of them holds: fetched once, when first needed."""

import math
import secrets
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

from tenantry.engine.clients.kubernetes import Kube
from tenantry.inspection.verify.core.target import VerifyTarget
from tenantry.names import SERVICE_ACCOUNT, Names
from tenantry.parsing.json_narrowing import Tree, mapping

Value = TypeVar("Value")
LIMIT_SECONDS: Final = 900.0  # of a whole run, unless it is given another: 13 tenants take under two minutes
TOKEN_SECONDS: Final = 600  # the shortest that the API server hands out


@dataclass
class VerifyContext:
    """`chosen` attack everybody and are attacked by everybody; between two others nothing is tried."""

    target: VerifyTarget
    chosen: frozenset[str]
    limit_s: float = LIMIT_SECONDS
    mark: str = field(default_factory=lambda: secrets.token_hex(4))  # in the name of all that is written
    _kept: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    _until: dict[str, float] = field(default_factory=dict[str, float], repr=False)
    _locks: dict[str, threading.Lock] = field(default_factory=dict[str, threading.Lock], repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def all(self) -> list[Names]:
        return [names for names, _ in self.target.tenants.values()]

    @property
    def selected(self) -> list[Names]:
        """The chosen ones."""
        return [names for names in self.all if names.code in self.chosen]

    @property
    def with_access(self) -> list[Names]:
        """The chosen ones that may log in and take sessions: only they can attack."""
        return [names for names in self.selected if self.target.tenants[names.code][1].has_access]

    @property
    def with_namespace(self) -> list[Names]:
        """The chosen ones that have a namespace."""
        return [names for names in self.selected if self.target.tenants[names.code][1].has_workload]

    def pairs(self, *, spaces: bool = False) -> Iterator[tuple[Names, Names]]:
        """Every ordered pair with one of the chosen in it: who attacks, whom. `spaces`: both have a namespace."""
        for tenant in self.all:
            for other in self.all:
                phases = self.target.tenants[tenant.code][1], self.target.tenants[other.code][1]
                fit = all(phase.has_workload for phase in phases) if spaces else phases[0].has_access
                if tenant != other and fit and self.chosen & {tenant.code, other.code}:
                    yield tenant, other

    @cached_property
    def admin(self) -> Kube:
        return Kube.admin(self.target.kubeconfig)

    def cached(self, key: str, make: Callable[[], Value], lasts_s: float = math.inf) -> Value:
        """Made by the first thread that asks; the others of this key wait for it, those of other keys do not.

        Made anew in the second half of the time that it lasts: a run may last longer than its credentials.
        """
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._kept or time.monotonic() > self._until.get(key, math.inf):
                self._until[key] = time.monotonic() + lasts_s / 2
                self._kept[key] = make()
            return self._kept[key]

    def login(self, names: Names) -> tuple[str, str]:
        """User and password at the database, from the Secret that the application gets."""
        return self.cached(f"login {names.code}", lambda: self._login(names))

    def _login(self, names: Names) -> tuple[str, str]:
        path = f"/api/v1/namespaces/{names.namespace}/secrets/{SERVICE_ACCOUNT}"
        data = mapping(self.admin.read(path).get("data"))
        user, password = (b64decode(str(data.get(key, ""))).decode() for key in ("DB_USER", "DB_PASSWORD"))
        if not user or not password:
            raise LookupError(f"{path} holds no DB_USER with a DB_PASSWORD")
        return user, password

    def token(self, names: Names, audience: str = "") -> str:
        """A token of the application's service account; without an audience for the Kubernetes API, which no pod ever
        gets.
        """
        return self.cached(f"token {names.code} {audience}", lambda: self._token(names, audience), TOKEN_SECONDS)

    def _token(self, names: Names, audience: str) -> str:
        return self.token_of(names.namespace, SERVICE_ACCOUNT, audience)

    def token_of(self, namespace: str, service_account: str, audience: str) -> str:
        """A new one, from the API server. Raises LookupError with what it said instead."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        spec = {"expirationSeconds": TOKEN_SECONDS, **({"audiences": [audience]} if audience else {})}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = self.admin.ask("POST", path, body, dry=False)
        token = mapping(answer.document.get("status")).get("token")
        if not token:
            raise LookupError(f"{path}: {answer.said}")
        return str(token)

    def account(self, names: Names) -> Kube:
        """The tenant's service account. Raises LookupError when the server takes it for somebody else."""
        who = f"system:serviceaccount:{names.namespace}:{SERVICE_ACCOUNT}"

        def make() -> Kube:
            return _certain(self.admin.holding(self.token(names)), who)

        return self.cached(f"account {names.code}", make, TOKEN_SECONDS / 2)

    def member(self, names: Names, role: str) -> Kube:
        """One of the tenant's people, by the group that the cluster's sign-in would give."""
        from tenantry.model.rbac_groups import group

        who = f"verify:{names.code}:{role}"
        make = self.admin.impersonating
        return self.cached(who, lambda: _certain(make(who, group(names.code, role), "system:authenticated"), who))

    def live(self, path: str) -> list[Tree]:
        """Live objects below a path, as the administrator sees them, read once."""
        return self.cached(path, lambda: self.admin.items(path))


def _certain(kube: Kube, who: str) -> Kube:
    """A client that is somebody else than it seems makes every denial and every permission worthless."""
    me = kube.me
    if me != who:
        raise LookupError(f"the API server takes {who} for {me}")
    return kube
