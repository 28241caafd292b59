"""RAM users, keys, roles, policies and OIDC providers in moto's IAM models, sessions in its STS model.

RAM differs where it matters (document grammar, names of ids, versions that rotate), so documents are
checked by our policy package and the models are built directly instead of through IAM's validators.
"""

from __future__ import annotations

import secrets
import string
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from local.alibaba.clock import Clock
from local.alibaba.policy.system import SYSTEM_POLICIES
from local.alibaba.state import moto_account
from local.alibaba.state.ram_models import ImsProvider, RamKey, RamPolicy, RamRole, RamUser, StsSession
from local.alibaba.state.store import Document, Store

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
        self.roles: dict[str, RamRole] = {}
        self.users: dict[str, RamUser] = {}
        self.policies: dict[tuple[str, str], RamPolicy] = {}
        self.keys: dict[str, RamKey] = {}
        self.providers: dict[str, ImsProvider] = {}
        self.sessions: dict[str, StsSession] = {}
        for name, text in SYSTEM_POLICIES.items():
            self._hang_policy(
                {
                    "name": name,
                    "type": "System",
                    "description": name,
                    "created": 0.0,
                    "updated": 0.0,
                    "default": "v1",
                    "next": 2,
                    "versions": [{"id": "v1", "document": text, "created": 0.0}],
                }
            )
        for kind, hang in (
            ("policy", self._hang_policy),
            ("role", self._hang_role),
            ("user", self._hang_user),
            ("provider", self._hang_provider),
            ("session", self._hang_session),
        ):
            for document in store.all(kind):
                hang(document)
        self.forget_expired()

    # policies
    def _hang_policy(self, document: Document) -> RamPolicy:
        policy = RamPolicy(self.models, document)
        self.iam.managed_policies[policy.arn] = policy
        self.policies[(document["type"], document["name"])] = policy
        return policy

    def create_policy(self, name: str, text: str, description: str) -> RamPolicy:
        now = self.clock.now()
        policy = self._hang_policy(
            {
                "name": name,
                "type": "Custom",
                "description": description,
                "created": now,
                "updated": now,
                "default": "v1",
                "next": 2,
                "versions": [{"id": "v1", "document": text, "created": now}],
            }
        )
        self.save_policy(policy)
        return policy

    def save_policy(self, policy: RamPolicy) -> None:
        policy.follow()
        self.store.put("policy", policy.name, policy.ram)

    def delete_policy(self, policy: RamPolicy) -> None:
        del self.iam.managed_policies[policy.arn]
        del self.policies[(policy.ram["type"], policy.name)]
        self.store.remove("policy", policy.name)

    def default_document(self, policy: RamPolicy) -> str:
        return next(v.document for v in policy.versions if v.is_default)

    # roles and users
    def _attach_all(self, holder: RamRole | RamUser, document: Document) -> None:
        for kind, name in document["policies"]:
            if policy := self.policies.get((kind, name)):
                policy.attach_to(holder)

    def _hang_role(self, document: Document) -> RamRole:
        role = RamRole(self.models, document)
        self.iam.roles[role.id] = role
        self._attach_all(role, document)
        self.roles[document["name"].lower()] = role
        return role

    def create_role(self, name: str, trust: str, description: str, max_session: int) -> RamRole:
        now = self.clock.now()
        role = self._hang_role(
            {
                "name": name,
                "id": number(),
                "trust": trust,
                "description": description,
                "max_session": max_session,
                "created": now,
                "updated": now,
                "policies": [],
                "tags": {},
            }
        )
        self.save(role)
        return role

    def _hang_user(self, document: Document) -> RamUser:
        user = RamUser(self.models, document)
        self.iam.users[user.name] = user
        self._attach_all(user, document)
        for key in document["keys"]:
            self._hang_key(user, key)
        self.users[document["name"].lower()] = user
        return user

    def create_user(self, name: str, details: dict[str, str]) -> RamUser:
        now = self.clock.now()
        user = self._hang_user(
            {
                "name": name,
                "id": number(),
                "details": details,
                "created": now,
                "updated": now,
                "policies": [],
                "keys": [],
            }
        )
        self.save(user)
        return user

    def save(self, holder: RamRole | RamUser) -> None:
        kind = "role" if isinstance(holder, RamRole) else "user"
        self.store.put(kind, holder.ram["name"].lower(), holder.ram)

    def delete(self, holder: RamRole | RamUser) -> None:
        name = holder.ram["name"]
        if isinstance(holder, RamRole):
            del self.iam.roles[holder.id], self.roles[name.lower()]
            self.store.remove("role", name.lower())
        else:
            del self.iam.users[name], self.users[name.lower()]
            self.store.remove("user", name.lower())

    def rename_user(self, user: RamUser, name: str) -> None:
        self.store.remove("user", user.name.lower())
        del self.iam.users[user.name], self.users[user.name.lower()]
        user.name = user.ram["name"] = name
        self.iam.users[name] = self.users[name.lower()] = user
        self.save(user)

    def attach(self, holder: RamRole | RamUser, policy: RamPolicy) -> None:
        policy.attach_to(holder)
        holder.ram["policies"].append([policy.ram["type"], policy.name])
        self.save(holder)

    def detach(self, holder: RamRole | RamUser, policy: RamPolicy) -> None:
        policy.detach_from(holder)
        holder.ram["policies"].remove([policy.ram["type"], policy.name])
        self.save(holder)

    def policies_of(self, holder: RamRole | RamUser) -> list[RamPolicy]:
        return [policy for policy in holder.managed_policies.values() if isinstance(policy, RamPolicy)]

    def documents_of(self, holder: RamRole | RamUser) -> list[str]:
        return [self.default_document(policy) for policy in self.policies_of(holder)]

    # access keys
    def _hang_key(self, user: RamUser, document: Document) -> RamKey:
        key = RamKey(self.models, user, document)
        user.access_keys.append(key)
        self.keys[key.access_key_id] = key
        return key

    def keys_of(self, user: RamUser) -> list[RamKey]:
        return [key for key in user.access_keys if isinstance(key, RamKey)]

    def create_key(self, user: RamUser) -> RamKey:
        document: Document = {
            "id": "LTAI5t" + token(18),
            "secret": token(30),
            "status": "Active",
            "created": self.clock.now(),
        }
        user.ram["keys"].append(document)
        self.save(user)
        return self._hang_key(user, document)

    def delete_key(self, user: RamUser, key: RamKey) -> None:
        user.access_keys.remove(key)
        user.ram["keys"].remove(key.ram)
        del self.keys[key.access_key_id]
        self.save(user)

    # OIDC providers
    def _hang_provider(self, document: Document) -> ImsProvider:
        provider = ImsProvider(self.models, document)
        self.providers[document["name"]] = provider
        self.iam.open_id_providers[f"{provider.arn}#{document['name']}"] = provider
        return provider

    def save_provider(self, document: Document) -> ImsProvider:
        provider = self._hang_provider(document)
        self.store.put("provider", document["name"], document)
        return provider

    def delete_provider(self, name: str) -> None:
        provider = self.providers.pop(name)
        self.iam.open_id_providers.pop(f"{provider.arn}#{name}", None)
        self.store.remove("provider", name)

    # sessions
    def _hang_session(self, document: Document) -> StsSession:
        session = StsSession(self.models, document)
        self.sts.assumed_roles.append(session)
        self.sessions[document["id"]] = session
        return session

    def create_session(self, role: RamRole, name: str, seconds: int, policy: str, source: dict[str, Any]) -> StsSession:
        document: Document = {
            "id": "STS.N" + token(24),
            "secret": token(44),
            "token": "CAIS" + token(300),
            "name": name,
            "role": role.ram["name"],
            "role_id": role.ram["id"],
            "role_arn": self.role_arn(role.ram["name"]),
            "policy": policy,
            "seconds": seconds,
            "expires": self.clock.now() + seconds,
            "source": source,
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
