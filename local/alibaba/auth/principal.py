"""The asker of a request and what its policies say."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.alibaba.policy.document import Statement, parse


@dataclass(frozen=True, slots=True)
class Principal:
    """`kind` is root, user, role or anonymous; `session` is None where no session policy narrows."""

    kind: str
    account: str = ""
    id: str = ""
    name: str = ""
    arn: str = ""
    statements: tuple[Statement, ...] = ()
    session: tuple[Statement, ...] | None = None
    names: tuple[str, ...] = field(default=())

    @property
    def identity_type(self) -> str:
        return {"root": "Account", "user": "RAMUser", "role": "AssumedRoleUser"}[self.kind]

    def bucket_policy_ids(self) -> tuple[str, ...]:
        """Names by which the Principal element of a bucket policy may mean this asker."""
        if self.kind == "anonymous":
            return ("anonymous",)
        spelled = {"root": (self.account,), "user": (self.id, self.account, self.arn)}.get(self.kind)
        if spelled:
            return spelled
        role, session = self.name.split("/", 1)
        return (
            self.arn,
            f"arn:sts::{self.account}:assumed-role/{role}/{session}",
            f"arn:sts::{self.account}:assumed-role/{role.lower()}/{session}",
            self.account,
        )


ANONYMOUS = Principal("anonymous")


def statements_of(documents: list[str]) -> tuple[Statement, ...]:
    return tuple(statement for text in documents for statement in parse(text))
