"""Reading a policy document: grammar errors are found when it is stored, not when it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from local.alibaba.policy.conditions import OPERATORS, QUALIFIERS, as_list, split

MAX_LENGTH = 6144  # characters of a custom policy, blanks not counted by RAM, counted here: the stricter reading
ARN_ELEMENTS = 5  # acs:service:region:account:relative-id
ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"}


class PolicyGrammarError(ValueError):
    """The document is not a policy; the text says where."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; an empty tuple means that the element is absent."""

    effect: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: Mapping[str, tuple[str, ...]] | None = None
    condition: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])


def _principals(raw: Any) -> dict[str, tuple[str, ...]] | None:
    """Trust policies name kinds ({"RAM": [...]}); bucket policies list ids, kept under the kind ``Id``."""
    if raw is None:
        return None
    if isinstance(raw, dict):
        kinds: dict[str, Any] = raw
        if unknown := set(kinds) - {"RAM", "Service", "Federated"}:
            raise PolicyGrammarError(f"Principal: unknown kind {sorted(unknown)[0]}")
        return {kind: tuple(as_list(names)) for kind, names in kinds.items()}
    return {"Id": tuple(as_list(raw)) or ("*",)}


def _condition(raw: Any) -> dict[str, Mapping[str, object]]:
    if not isinstance(raw, dict):
        raise PolicyGrammarError("Condition: an object is needed")
    block: dict[str, Any] = raw
    for operator, keys in block.items():
        qualifier, name = split(operator)
        if name not in OPERATORS or (qualifier and qualifier not in QUALIFIERS):
            raise PolicyGrammarError(f"Condition: unknown operator {operator}")
        if not isinstance(keys, dict) or not keys:
            raise PolicyGrammarError(f"Condition.{operator}: keys with values are needed")
    return block


def _statement(raw: Any, *, trust: bool, bucket: bool) -> Statement:
    if not isinstance(raw, dict):
        raise PolicyGrammarError("Statement: an object is needed")
    entry: dict[str, Any] = raw
    if unknown := set(entry) - ELEMENTS:
        raise PolicyGrammarError(f"Statement: unknown element {sorted(unknown)[0]}")
    if entry.get("Effect") not in ("Allow", "Deny"):
        raise PolicyGrammarError("Effect: Allow or Deny is needed")
    if ("Action" in entry) == ("NotAction" in entry):
        raise PolicyGrammarError("exactly one of Action and NotAction is needed")
    if not trust and ("Resource" in entry) == ("NotResource" in entry):
        raise PolicyGrammarError("exactly one of Resource and NotResource is needed")
    if (trust or bucket) != ("Principal" in entry):
        raise PolicyGrammarError("Principal is needed" if trust or bucket else "Principal is not allowed here")
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in entry and not as_list(entry[name]):
            raise PolicyGrammarError(f"{name}: at least one is needed")
    for name in (*as_list(entry.get("Resource", [])), *as_list(entry.get("NotResource", []))):
        if name != "*" and not (name.startswith("acs:") and name.count(":") >= ARN_ELEMENTS - 1):
            raise PolicyGrammarError(f"Resource: {name} is neither * nor acs:service:region:account:relative-id")
    if trust and not isinstance(entry["Principal"], dict):
        raise PolicyGrammarError("Principal: RAM, Service or Federated is needed")
    return Statement(
        effect=entry["Effect"],
        actions=tuple(as_list(entry.get("Action", []))),
        not_actions=tuple(as_list(entry.get("NotAction", []))),
        resources=tuple(as_list(entry.get("Resource", []))),
        not_resources=tuple(as_list(entry.get("NotResource", []))),
        principals=_principals(entry.get("Principal")),
        condition=_condition(entry.get("Condition", {})),
    )


@lru_cache(maxsize=2048)
def parse(text: str, kind: str = "identity") -> tuple[Statement, ...]:
    """Statements of an ``identity``, ``trust`` or ``bucket`` policy; raises PolicyGrammarError."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise PolicyGrammarError("the document is not JSON") from error
    if not isinstance(raw, dict):
        raise PolicyGrammarError("the document is not an object")
    document: dict[str, Any] = raw
    if document.get("Version") != "1":
        raise PolicyGrammarError('Version: "1" is needed')
    statements = document.get("Statement")
    if not isinstance(statements, list) or (not statements and kind != "bucket"):
        raise PolicyGrammarError("Statement: a list is needed")
    return tuple(_statement(s, trust=kind == "trust", bucket=kind == "bucket") for s in statements)
