"""moto's IAM and STS models with what RAM keeps beside: the durable document, as `ram`."""

from __future__ import annotations

from moto.iam.models import AccessKey, ManagedPolicy, OpenIDConnectProvider, PolicyVersion, Role, User
from moto.sts.models import AssumedRole

from local.alibaba.state import Unremembered
from local.alibaba.state.store import Document


class RamPolicy(Unremembered, ManagedPolicy):
    """A custom or system policy; `ram` has its versions."""

    ram: Document

    def __init__(self, account: str, document: Document) -> None:
        super().__init__(
            document["name"],
            account,
            "aws",
            document=document["versions"][0]["document"],
            description=document["description"],
            path=f"/{document['type'].lower()}/",
        )
        self.ram = document
        self.follow()

    def follow(self) -> None:
        """moto's PolicyVersion objects follow the document's list."""
        default = self.default_version_id = self.ram["default"]
        self.versions = [
            PolicyVersion(self.arn, v["document"], v["id"] == default, v["id"]) for v in self.ram["versions"]
        ]


class RamRole(Unremembered, Role):
    """A role; `ram` has its trust policy and the list of its policies."""

    def __init__(self, account: str, document: Document) -> None:
        super().__init__(
            account,
            "aws",
            document["id"],
            document["name"],
            document["trust"],
            "/",
            None,
            document["description"],
            [],
            str(document["max_session"]),
        )
        self.ram = document


class RamUser(Unremembered, User):
    """A user; `ram` has its keys, secrets included."""

    def __init__(self, account: str, document: Document) -> None:
        super().__init__(account, "aws", document["name"])
        self.ram = document


class RamKey(Unremembered, AccessKey):
    """An access key of a user."""

    def __init__(self, account: str, owner: RamUser, document: Document) -> None:
        super().__init__(owner.name, "LTAI", account, document["status"])
        self.access_key_id, self.secret_access_key = document["id"], document["secret"]
        self.owner, self.ram = owner, document


class ImsProvider(Unremembered, OpenIDConnectProvider):
    """An OIDC provider, known by name; RAM's fingerprints are not IAM's thumbprints."""

    def __init__(self, account: str, document: Document) -> None:
        super().__init__(account, "aws", document["issuer"], [], document["client_ids"], {})
        self.ram = document


class TemporaryKey(Unremembered, AccessKey):
    """The key of a session."""


class StsSession(Unremembered, AssumedRole):
    """A session with its temporary key."""

    def __init__(self, account: str, document: Document) -> None:
        key = TemporaryKey(None, "ASIA", account)
        key.access_key_id, key.secret_access_key = document["id"], document["secret"]
        super().__init__(
            account, "aws", key, document["name"], document["role_arn"], document["policy"], document["seconds"], ""
        )
        self.session_token, self.ram = document["token"], document
