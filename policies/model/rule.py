"""Rules and their registry: a rule exists by being written, nothing lists it a second time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from policies.model.resource import Resource
from policies.model.settings import Settings
from policies.model.stack import Stack

STACK_POLICY: Final = "together"  # the policy that runs the rules on the whole stack

ResourceCheck = Callable[[Resource, Settings], Iterator[str]]
StackCheck = Callable[[Stack, Settings], Iterator["Violation"]]
Check = TypeVar("Check", bound=Callable[..., Iterator[object]])


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation of a stack rule: the tenant, the resource (none: something is missing), and what is wrong."""

    tenant: str
    problem: str
    resource: Resource | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`domain-name`; the sentence it demands is its function's docstring."""

    name: str
    policy: str  # the Pulumi policy that runs it, and whose configuration it reads
    demands: str
    why: str
    remedy: str
    kinds: frozenset[str]  # of resources it looks at; none: at all of them
    on_resource: ResourceCheck | None = None
    on_stack: StackCheck | None = None

    @property
    def domain(self) -> str:
        return self.name.partition("-")[0]


_RULES: Final[dict[str, Rule]] = {}


def resource_rule(name: str, *, kinds: Sequence[str] = (), why: str, remedy: str) -> Callable[[Check], Check]:
    """For a function of resource and settings that yields what is wrong. Its policy is the domain, which is the word
    before the first hyphen."""

    def register(check: Check) -> Check:
        _add(
            Rule(name, name.partition("-")[0], _said(check), why, remedy, frozenset(kinds), on_resource=check)  # pyright: ignore[reportArgumentType]  (the signature is the function's to keep; running it in the tests shows)
        )
        return check

    return register


def stack_rule(name: str, *, policy: str = STACK_POLICY, why: str, remedy: str) -> Callable[[Check], Check]:
    """For a function of stack and settings that yields where it is broken."""

    def register(check: Check) -> Check:
        _add(Rule(name, policy, _said(check), why, remedy, frozenset(), on_stack=check))  # pyright: ignore[reportArgumentType]  (as above)
        return check

    return register


def all_rules() -> Mapping[str, Rule]:
    """By name, those of one domain together. Complete once policies.analyzer.catalogue is imported."""
    return dict(sorted(_RULES.items(), key=lambda item: (item[1].domain, item[1].on_stack is not None, item[0])))


def _said(check: Callable[..., object]) -> str:
    return " ".join((check.__doc__ or "").split())


def _add(rule: Rule) -> None:
    if rule.name in _RULES:
        raise ValueError(f"there are two rules {rule.name}")
    _RULES[rule.name] = rule
