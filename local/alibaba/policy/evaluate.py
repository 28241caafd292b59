"""From statements and a question to a decision: an explicit deny wins, nothing said is a denial.

A question about one thing may spell it in several ways (a region given or not, a role's name in either
case): a statement applies when any spelling fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from local.alibaba.policy.conditions import Values, conditions_hold
from local.alibaba.policy.document import ARN_ELEMENTS as ELEMENTS
from local.alibaba.policy.document import Statement
from local.alibaba.policy.wildcard import matches


class Decision(Enum):
    """The word of a set of statements. NEUTRAL is a denial unless something else allows."""

    ALLOW = "allow"
    DENY = "deny"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Question:
    """May `principals` (kind -> names of the asker) do `action` on `resources`?"""

    action: str
    resources: tuple[str, ...] = ()
    context: Mapping[str, Values] = field(default_factory=dict[str, Values])
    principals: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def _action_fits(statement: Statement, action: str) -> bool:
    """Action names ignore case; NotAction means every action but these."""
    if statement.actions:
        return any(matches(pattern, action, ignore_case=True) for pattern in statement.actions)
    return not any(matches(pattern, action, ignore_case=True) for pattern in statement.not_actions)


def _names(pattern: str, resource: str) -> bool:
    """Element by element, `acs:service:region:account:relative-id`: a star ends where its element does.

    Else the region's star would swallow account, bucket and somebody's prefix, and an object's key with colons in it
    (`NEIGHBOUR/x:ACCOUNT:BUCKET/OWN/y`) would fit the owner's grant. The relative id may hold colons of its own.
    """
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", ELEMENTS - 1), resource.split(":", ELEMENTS - 1)
    return all(matches(statement, other) for statement, other in zip(wanted, given, strict=True))


def _resource_fits(statement: Statement, resources: tuple[str, ...]) -> bool:
    """Resource names keep their case: object keys differ by it. A trust policy has no resource."""
    if statement.resources:
        return any(_names(pattern, name) for pattern in statement.resources for name in resources)
    if statement.not_resources:
        return not any(_names(pattern, name) for pattern in statement.not_resources for name in resources)
    return True


def _principal_fits(statement: Statement, asker: Mapping[str, tuple[str, ...]]) -> bool:
    if statement.principals is None:
        return True
    for kind, wanted in statement.principals.items():
        names = asker.get(kind, ())
        if any(matches(pattern, name) for pattern in wanted for name in names):
            return True
    return False


def applies(statement: Statement, question: Question) -> bool:
    """True when every element of the statement fits the question."""
    return (
        _action_fits(statement, question.action)
        and _resource_fits(statement, question.resources)
        and _principal_fits(statement, question.principals)
        and conditions_hold(statement.condition, question.context)
    )


def decide(statements: Iterable[Statement], question: Question) -> Decision:
    """The decision of one body of statements."""
    verdict = Decision.NEUTRAL
    for statement in statements:
        if applies(statement, question):
            if statement.effect == "Deny":
                return Decision.DENY
            verdict = Decision.ALLOW
    return verdict


def combine(identity: Decision, session: Decision | None, resource: Decision) -> Decision:
    """Identity policies, narrowed by a session policy where there is one, together with a bucket policy."""
    if Decision.DENY in (identity, session, resource):
        return Decision.DENY
    granted = Decision.ALLOW in (identity, resource)
    return Decision.ALLOW if granted and session in (None, Decision.ALLOW) else Decision.NEUTRAL
