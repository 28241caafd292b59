"""RAM users, keys, roles, policies and OIDC providers in moto's IAM models, sessions in its STS model.

RAM differs where it matters (document grammar, names of ids, versions that rotate), so documents are
checked by our policy package and the models are built directly instead of through IAM's validators.
"""

from __future__ import annotations

import secrets
import string
from typing import Any

from moto.iam.models import AccessKey, ManagedPolicy, OpenIDConnectProvider, Role, User, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from local.alibaba.clock import Clock
from local.alibaba.policy.system import SYSTEM_POLICIES
from local.alibaba.state import moto_account
from local.alibaba.store import Document, Store

_ALPHABET = string.ascii_letters + string.digits


def token(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def number(digits: int = 18) -> str:
    """An id as RAM gives them: decimal digits, the first one 2 or 3 in practice."""
    return "3" + "".join(secrets.choice(string.digits) for _ in range(digits - 1))


class Identities:
    """Documents are the durable form; moto's objects carry them as `.ram` and hold the relations."""

    def __init__(self, account: str, store: Store, clock: Clock) -> None:
        self.account, self.store, self.clock = account, store, clock
        self.models = moto_account(account)
        self.iam = iam_backends[self.models]["aws"]
        self.sts = sts_backends[self.models]["aws"]
        self.roles: dict[str, Role] = {}
        self.users: dict[str, User] = {}
        self.policies: dict[tuple[str, str], ManagedPolicy] = {}
        self.keys: dict[str, AccessKey] = {}
        self.providers: dict[str, OpenIDConnectProvider] = {}
        self.sessions: dict[str, AssumedRole] = {}
        for name, text in SYSTEM_POLICIES.items():
            self._hang_policy({
                "name": name, "type": "System", "description": name, "created": 0.0, "updated": 0.0,
                "default": "v1", "next": 2, "versions": [{"id": "v1", "document": text, "created": 0.0}],
            })
        for kind, hang in (
            ("policy", self._hang_policy), ("role", self._hang_role), ("user", self._hang_user),
            ("provider", self._hang_provider), ("session", self._hang_session),
        ):
            for document in store.all(kind):
                hang(document)
        self.forget_expired()

    # policies
    def _hang_policy(self, document: Document) -> ManagedPolicy:
        policy = ManagedPolicy(document["name"], self.models, "aws", document=document["versions"][0]["document"],
                               description=document["description"], path=f"/{document['type'].lower()}/")
        policy.ram = document  # type: ignore[attr-defined]
        self._version_models(policy)
        self.iam.managed_policies[policy.arn] = policy
        self.policies[(document["type"], document["name"])] = policy
        return policy

    def _version_models(self, policy: ManagedPolicy) -> None:
        """moto's PolicyVersion objects follow the document's list."""
        kind = type(policy.versions[0])
        policy.versions = [
            kind(policy.arn, v["document"], v["id"] == policy.ram["default"], v["id"]) for v in policy.ram["versions"]
        ]
        policy.default_version_id = policy.ram["default"]

    def create_policy(self, name: str, text: str, description: str) -> ManagedPolicy:
        now = self.clock.now()
        policy = self._hang_policy({
            "name": name, "type": "Custom", "description": description, "created": now, "updated": now,
            "default": "v1", "next": 2, "versions": [{"id": "v1", "document": text, "created": now}],
        })
        self.save_policy(policy)
        return policy

    def save_policy(self, policy: ManagedPolicy) -> None:
        self._version_models(policy)
        self.store.put("policy", policy.name, policy.ram)

    def delete_policy(self, policy: ManagedPolicy) -> None:
        del self.iam.managed_policies[policy.arn]
        del self.policies[(policy.ram["type"], policy.name)]
        self.store.remove("policy", policy.name)

    def default_document(self, policy: ManagedPolicy) -> str:
        return next(v.document for v in policy.versions if v.is_default)

    # roles and users
    def _attach_all(self, holder: Role | User, document: Document) -> None:
        for kind, name in document["policies"]:
            if policy := self.policies.get((kind, name)):
                policy.attach_to(holder)

    def _hang_role(self, document: Document) -> Role:
        role = self.iam.create_role(document["name"], document["trust"], "/", None, document["description"], [],
                                    str(document["max_session"]))
        role.ram = document  # type: ignore[attr-defined]
        self._attach_all(role, document)
        self.roles[document["name"].lower()] = role
        return role

    def create_role(self, name: str, trust: str, description: str, max_session: int) -> Role:
        now = self.clock.now()
        role = self._hang_role({
            "name": name, "id": number(), "trust": trust, "description": description, "max_session": max_session,
            "created": now, "updated": now, "policies": [], "tags": {},
        })
        self.save(role)
        return role

    def _hang_user(self, document: Document) -> User:
        user = self.iam.create_user("aws", document["name"])
        user.ram = document  # type: ignore[attr-defined]
        self._attach_all(user, document)
        for key in document["keys"]:
            self._hang_key(user, key)
        self.users[document["name"].lower()] = user
        return user

    def create_user(self, name: str, details: dict[str, str]) -> User:
        now = self.clock.now()
        user = self._hang_user({
            "name": name, "id": number(), "details": details, "created": now, "updated": now, "policies": [], "keys": [],
        })
        self.save(user)
        return user

    def save(self, holder: Role | User) -> None:
        kind = "role" if isinstance(holder, Role) else "user"
        self.store.put(kind, holder.ram["name"].lower(), holder.ram)

    def delete(self, holder: Role | User) -> None:
        name = holder.ram["name"]
        if isinstance(holder, Role):
            del self.iam.roles[holder.id], self.roles[name.lower()]
            self.store.remove("role", name.lower())
        else:
            del self.iam.users[name], self.users[name.lower()]
            self.store.remove("user", name.lower())

    def rename_user(self, user: User, name: str) -> None:
        self.store.remove("user", user.name.lower())
        del self.iam.users[user.name], self.users[user.name.lower()]
        user.name = user.ram["name"] = name
        self.iam.users[name] = self.users[name.lower()] = user
        self.save(user)

    def attach(self, holder: Role | User, policy: ManagedPolicy) -> None:
        policy.attach_to(holder)
        holder.ram["policies"].append([policy.ram["type"], policy.name])
        self.save(holder)

    def detach(self, holder: Role | User, policy: ManagedPolicy) -> None:
        policy.detach_from(holder)
        holder.ram["policies"].remove([policy.ram["type"], policy.name])
        self.save(holder)

    def documents_of(self, holder: Role | User) -> list[str]:
        return [self.default_document(policy) for policy in holder.managed_policies.values()]

    # access keys
    def _hang_key(self, user: User, document: Document) -> AccessKey:
        key = user.create_access_key("LTAI", document["status"])
        key.access_key_id, key.secret_access_key = document["id"], document["secret"]
        key.ram, key.owner = document, user  # type: ignore[attr-defined]
        self.keys[key.access_key_id] = key
        return key

    def create_key(self, user: User) -> AccessKey:
        document: Document = {"id": "LTAI5t" + token(18), "secret": token(30), "status": "Active",
                              "created": self.clock.now()}
        user.ram["keys"].append(document)
        self.save(user)
        return self._hang_key(user, document)

    def delete_key(self, user: User, key: AccessKey) -> None:
        user.access_keys.remove(key)
        user.ram["keys"].remove(key.ram)
        del self.keys[key.access_key_id]
        self.save(user)

    # OIDC providers
    def _hang_provider(self, document: Document) -> OpenIDConnectProvider:
        provider = OpenIDConnectProvider(self.models, "aws", document["issuer"], [], document["client_ids"], {})
        provider.ram = document  # type: ignore[attr-defined]
        self.providers[document["name"]] = provider
        self.iam.open_id_providers[f"{provider.arn}#{document['name']}"] = provider
        return provider

    def save_provider(self, document: Document) -> OpenIDConnectProvider:
        provider = self._hang_provider(document)
        self.store.put("provider", document["name"], document)
        return provider

    def delete_provider(self, name: str) -> None:
        provider = self.providers.pop(name)
        self.iam.open_id_providers.pop(f"{provider.arn}#{name}", None)
        self.store.remove("provider", name)

    # sessions
    def _hang_session(self, document: Document) -> AssumedRole:
        key = AccessKey(None, "ASIA", self.models)
        key.access_key_id, key.secret_access_key = document["id"], document["secret"]
        session = AssumedRole(self.models, "aws", key, document["name"], document["role_arn"], document["policy"],
                              document["seconds"], "")
        session.session_token, session.ram = document["token"], document  # type: ignore[attr-defined]
        self.sts.assumed_roles.append(session)
        self.sessions[document["id"]] = session
        return session

    def create_session(self, role: Role, name: str, seconds: int, policy: str, source: dict[str, Any]) -> AssumedRole:
        document: Document = {
            "id": "STS.N" + token(24), "secret": token(44), "token": "CAIS" + token(300), "name": name,
            "role": role.ram["name"], "role_id": role.ram["id"], "role_arn": self.role_arn(role.ram["name"]),
            "policy": policy, "seconds": seconds, "expires": self.clock.now() + seconds, "source": source,
        }
        self.forget_expired()
        self.store.put("session", document["id"], document)
        return self._hang_session(document)

    def forget_expired(self) -> None:
        """Expired sessions stay known for an hour, so that a client is told *expired*, not *unknown*."""
        limit = self.clock.now() - 3600
        for key, session in list(self.sessions.items()):
            if session.ram["expires"] < limit:
                del self.sessions[key]
                self.sts.assumed_roles.remove(session)
                self.store.remove("session", key)

    # names
    def role_arn(self, name: str) -> str:
        return f"acs:ram::{self.account}:role/{name.lower()}"

    def user_arn(self, name: str) -> str:
        return f"acs:ram::{self.account}:user/{name}"

    def provider_arn(self, name: str) -> str:
        return f"acs:ram::{self.account}:oidc-provider/{name}"
