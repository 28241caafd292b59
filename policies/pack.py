"""The rules as Pulumi runs them: a policy a domain for single resources, `together` and `totals` for the whole stack.

The SDK reads a resource's properties anew for each policy, so there are few policies with many rules each. A last one,
which only advises, reports what the others let pass: exemptions, and rules that need a value only the update knows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from threading import Lock
from typing import Any, Final

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies import exemptions
from policies.domains import POLICIES, rules_of
from policies.judging import Judge, Verdict
from policies.resource import Resource
from policies.settings import SCHEMAS, Settings
from policies.stack import Stack

PACK: Final = "tenantry"
REPORT: Final = "report"
ON_STACK: Final = ("together", "totals")
STACK: Final = "pulumi:pulumi:Stack"

Clock = Callable[[], date]


def today() -> date:
    return datetime.now(UTC).date()


class Memory:
    """What the policies of one run let pass, until it is reported. The SDK calls from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._exempted: dict[str, None] = {}  # a set in order
        self._undecided: Counter[str] = Counter()

    def keep(self, verdict: Verdict) -> None:
        if not verdict.exempted and not verdict.undecided:
            return
        with self._lock:
            self._exempted.update(dict.fromkeys(map(str, verdict.exempted)))
            self._undecided.update(f"{rule.name} ({path})" for rule, path in verdict.undecided)

    def take(self) -> Iterable[str]:
        with self._lock:
            exempted, undecided = list(self._exempted), dict(self._undecided)
            self._exempted.clear()
            self._undecided.clear()
        yield from exempted
        if undecided:
            listed = ", ".join(f"{what} x{count}" for what, count in sorted(undecided.items()))
            yield f"not known before the update, which decides: {listed}"


def policies(clock: Clock = today) -> list[Policy]:
    """In the order in which they run."""
    memory = Memory()
    judges = {name: _judge_for(name, clock) for name in POLICIES}
    made: list[Policy] = [
        ResourceValidationPolicy(
            name=name,
            description=description,
            validate=partial(_validate, judges[name], memory),
            enforcement_level=EnforcementLevel.MANDATORY,
            config_schema=schema(name),
        )
        for name, description in POLICIES.items()
        if name not in ON_STACK
    ]
    made += [
        StackValidationPolicy(
            name=name,
            description=POLICIES[name],
            validate=partial(_validate_stack, judges[name], memory),
            enforcement_level=EnforcementLevel.MANDATORY,
            config_schema=schema(name),
        )
        for name in ON_STACK
    ]
    made.append(
        StackValidationPolicy(
            name=REPORT,
            description="Exemptions that were used, and rules that only the update can decide",
            validate=partial(_report, memory),
            enforcement_level=EnforcementLevel.ADVISORY,
        )
    )
    return made


def schema(policy: str) -> PolicyConfigSchema:
    rules = [rule.name for rule in rules_of(policy)]
    properties = {name: dict(one) for name, one in SCHEMAS[policy].items()}
    return PolicyConfigSchema(properties={**properties, "exemptions": dict(exemptions.schema(rules))})


def _judge_for(policy: str, clock: Clock) -> Callable[[Mapping[str, Any]], Judge]:
    """From the policy's configuration. Raises ValueError for an expiry that is no day: nothing runs with that."""
    rules = rules_of(policy)

    def judge(config: Mapping[str, Any]) -> Judge:
        allowed = tuple(exemptions.read(config.get("exemptions")))
        return Judge(rules, Settings(policy, config), allowed, clock())

    return judge


def _validate(
    judge: Callable[[Mapping[str, Any]], Judge],
    memory: Memory,
    args: ResourceValidationArgs,
    report: ReportViolation,
) -> None:
    judging = judge(args.get_config())
    if args.resource_type == STACK:  # the first resource of every run
        for line in judging.ended:
            report(line, None)
    verdict = judging.resource(_seen(args))
    memory.keep(verdict)
    for finding in verdict.broken:
        report(str(finding), None)


def _validate_stack(
    judge: Callable[[Mapping[str, Any]], Judge],
    memory: Memory,
    args: StackValidationArgs,
    report: ReportViolation,
) -> None:
    judging = judge(args.get_config())
    for line in judging.ended:
        report(line, None)
    verdict = judging.stack(Stack(_seen(one) for one in args.resources))
    memory.keep(verdict)
    for finding in verdict.broken:
        report(str(finding), finding.resource.urn if finding.resource else None)


def _report(memory: Memory, args: StackValidationArgs, report: ReportViolation) -> None:
    for line in memory.take():
        report(line, None)


def _seen(args: ResourceValidationArgs | PolicyResource) -> Resource:
    options = args.opts
    dependencies = [one.urn for one in args.dependencies] if isinstance(args, PolicyResource) else []
    return Resource(
        type=args.resource_type,
        urn=args.urn,
        props=args.props,
        protect=options.protect,
        ignore_changes=tuple(options.ignore_changes),
        secret_outputs=tuple(options.additional_secret_outputs),
        delete_before_replace=options.delete_before_replace is True,
        dependencies=tuple(dependencies),
    )
