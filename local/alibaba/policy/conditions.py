"""Condition blocks. All operators and keys of a block must hold; the values of one key are alternatives.

A key the request does not carry never holds, negated operators included, so a condition cannot be met by
leaving something out. A negated operator holds when no value of the policy matches.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from local.alibaba.policy.wildcard import matches

Values = Sequence[str]
Context = Mapping[str, Values]
Test = Callable[[str, str], bool]


def _moment(text: str) -> datetime:
    """Epoch seconds or ISO 8601; without a zone UTC is meant."""
    if text.lstrip("-").isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _network(policy: str, actual: str) -> bool:
    address = ipaddress.ip_address(actual)
    network = ipaddress.ip_network(policy, strict=False)
    return address.version == network.version and address in network


# operator -> (test of policy value against request value, negated)
OPERATORS: dict[str, tuple[Test, bool]] = {
    "StringEquals": (lambda want, got: want == got, False),
    "StringNotEquals": (lambda want, got: want == got, True),
    "StringEqualsIgnoreCase": (lambda want, got: want.lower() == got.lower(), False),
    "StringNotEqualsIgnoreCase": (lambda want, got: want.lower() == got.lower(), True),
    "StringLike": (matches, False),
    "StringNotLike": (matches, True),
    "NumericEquals": (lambda want, got: float(got) == float(want), False),
    "NumericNotEquals": (lambda want, got: float(got) == float(want), True),
    "NumericLessThan": (lambda want, got: float(got) < float(want), False),
    "NumericLessThanEquals": (lambda want, got: float(got) <= float(want), False),
    "NumericGreaterThan": (lambda want, got: float(got) > float(want), False),
    "NumericGreaterThanEquals": (lambda want, got: float(got) >= float(want), False),
    "DateEquals": (lambda want, got: _moment(got) == _moment(want), False),
    "DateNotEquals": (lambda want, got: _moment(got) == _moment(want), True),
    "DateLessThan": (lambda want, got: _moment(got) < _moment(want), False),
    "DateLessThanEquals": (lambda want, got: _moment(got) <= _moment(want), False),
    "DateGreaterThan": (lambda want, got: _moment(got) > _moment(want), False),
    "DateGreaterThanEquals": (lambda want, got: _moment(got) >= _moment(want), False),
    "Bool": (lambda want, got: want.lower() == got.lower(), False),
    "IpAddress": (_network, False),
    "NotIpAddress": (_network, True),
}
QUALIFIERS = ("ForAnyValue", "ForAllValues")


def as_list(value: object) -> list[str]:
    """One value and a list of one are the same in a policy; numbers and booleans count as their text."""
    items: list[object] = list(value) if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownArgumentType] - parsed JSON
    return [("true" if i else "false") if isinstance(i, bool) else str(i) for i in items]


def split(operator: str) -> tuple[str, str]:
    """`ForAnyValue:StringLike` -> (`ForAnyValue`, `StringLike`)."""
    qualifier, colon, name = operator.partition(":")
    return (qualifier, name) if colon else ("", operator)


def _holds(test: Test, want: str, got: str) -> bool:
    try:
        return test(want, got)
    except ValueError:
        return False


def _key_holds(operator: str, wanted: Sequence[str], got: Values) -> bool:
    qualifier, name = split(operator)
    test, negated = OPERATORS[name]
    verdicts = [any(_holds(test, want, value) for want in wanted) != negated for value in got]
    if qualifier == "ForAllValues":
        return all(verdicts)
    if qualifier == "ForAnyValue" or not negated:
        return any(verdicts)
    return bool(verdicts) and all(verdicts)


def conditions_hold(block: Mapping[str, Mapping[str, object]], context: Context) -> bool:
    """Keys are compared without case, as the documentation spells oss:Prefix and oss:prefix both."""
    folded = {key.lower(): values for key, values in context.items()}
    return all(
        key.lower() in folded and _key_holds(operator, as_list(wanted), folded[key.lower()])
        for operator, keys in block.items()
        for key, wanted in keys.items()
    )
