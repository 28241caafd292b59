"""From an AccessKey id and a security token to its secret and its principal.

The same failures have other names in OSS and in the RPC services, so this module raises neutral ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest

from local.alibaba.auth.principal import Principal, statements_of
from local.alibaba.clock import Clock
from local.alibaba.policy.document import parse
from local.alibaba.state.identities import Identities


class KeyProblemError(Exception):
    """`reason`: unknown, inactive, expired or token."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RootKey:
    """The account's own key, given by the environment; it can neither be listed nor revoked here."""

    account: str
    key: str
    secret: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A key that was found."""

    key: str
    secret: str
    principal: Principal


class Keys:
    """Looks up root, RAM user and STS keys."""

    def __init__(self, root: RootKey, identities: Identities, clock: Clock) -> None:
        self.root, self.identities, self.clock = root, identities, clock

    def find(self, key: str, security_token: str) -> Credential:
        if key.startswith("STS."):
            return self._session(key, security_token)
        if security_token:
            raise KeyProblemError("unknown")
        account = self.root.account
        if compare_digest(key.encode(), self.root.key.encode()):
            arn = f"acs:ram::{account}:root"
            return Credential(key, self.root.secret, Principal("root", account, account, account, arn, names=(arn,)))
        held = self.identities.keys.get(key)
        if held is None:
            raise KeyProblemError("unknown")
        if held.status != "Active":
            raise KeyProblemError("inactive")
        user = held.owner
        arn = self.identities.user_arn(user.name)
        principal = Principal(
            "user",
            account,
            user.ram["id"],
            user.name,
            arn,
            statements_of(self.identities.documents_of(user)),
            names=(arn, f"acs:ram::{account}:root"),
        )
        return Credential(key, held.secret_access_key, principal)

    def _session(self, key: str, security_token: str) -> Credential:
        held = self.identities.sessions.get(key)
        if held is None:
            raise KeyProblemError("unknown")
        document = held.ram
        if not compare_digest(security_token.encode(), document["token"].encode()):
            raise KeyProblemError("token")
        if document["expires"] <= self.clock.now():
            raise KeyProblemError("expired")
        account = self.root.account
        role = self.identities.roles.get(document["role"].lower())
        if role is not None and role.ram["id"] != document["role_id"]:
            role = None  # a role made anew under the old name: its predecessor's sessions get nothing of it
        documents = self.identities.documents_of(role) if role is not None else []
        name = f"{document['role']}/{document['name']}"
        principal = Principal(
            "role",
            account,
            f"{document['role_id']}:{document['name']}",
            name,
            f"acs:ram::{account}:assumed-role/{name}",
            statements_of(documents),
            parse(document["policy"]) if document["policy"] else None,
            (document["role_arn"], f"acs:ram::{account}:root"),
        )
        return Credential(key, document["secret"], principal)
