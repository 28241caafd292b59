"""Totals: what all tenants of a stack may take together is there."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from policies.facts.plan_figures import quantity
from policies.facts.pod_specs import main_containers, pod
from policies.model.rule import Violation, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import at, number, sequence, shown
from policies.rules.cluster.quotas import most_replicas

POLICY: Final = "totals"
GIB: Final = 2**30
# What a pod asks for -> setting, and in which unit that counts.
RESERVED: Final = {"cpu": ("cpu", 1), "memory": ("memoryGi", GIB), "ephemeral-storage": ("ephemeralStorageGi", GIB)}


@stack_rule(
    "totals-reserved",
    policy=POLICY,
    why="What is promised twice is missing when both come: pods of one tenant wait for another's to end.",
    remedy="move tenants to another cell, or raise the setting with the cluster.",
)
def reserved(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """The requests of all tenants' replicas, and of those that a roll-out starts beside them, fit into the cluster."""
    sums: dict[str, float] = defaultdict(float)
    for resource in stack.of("kubernetes:Deployment"):
        wanted = most_replicas(stack, resource)
        surge = number(at(resource.props, "spec", "strategy", "rollingUpdate", "maxSurge")) or 0
        pods = 0 if wanted == 0 else (1 if wanted is None else wanted) + surge
        sums["pods"] += pods
        for _, container in main_containers(pod(resource)):
            for key, (setting, unit) in RESERVED.items():
                sums[setting] += pods * quantity(at(container, "resources", "requests", key) or 0) / unit
    for setting, total in sums.items():
        if total > settings.count(setting):
            yield Violation("platform", f"{setting}: {shown(round(total, 1))} of {settings.count(setting)}")


@stack_rule(
    "totals-connections",
    policy=POLICY,
    why="The connections that are promised beyond the server's own fail for whoever comes last.",
    remedy="move tenants to a cell on another server, or raise the setting with max_connections.",
)
def connections(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """The connection limits of all databases fit into the server, beside those that it reserves."""
    limits = [number(resource.props.get("connectionLimit")) or 0 for resource in stack.of("postgresql:Database")]
    total = sum(limit for limit in limits if limit > 0)
    most = settings.count("connections") - settings.count("reservedConnections")
    if total > most:
        yield Violation("platform", f"connections: {shown(total)} of {most}")


@stack_rule(
    "totals-count",
    policy=POLICY,
    why="A stack is written, locked and failed as a whole: its cost grows with the square of its size.",
    remedy="begin a new cell in a stack of its own.",
)
def count(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """A stack holds no more tenants and resources than it can handle."""
    for setting, total in (("tenants", len(stack.tenants)), ("resources", len(stack.resources))):
        if total > settings.count(setting):
            yield Violation("platform", f"{setting}: {total} of {settings.count(setting)}")


@stack_rule(
    "totals-account",
    policy=POLICY,
    why="Beyond these the account takes no more, in the middle of opening a tenant.",
    remedy="have the account's limits raised, or use a second account.",
)
def account(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """RAM roles, policies and lifecycle rules stay below the account's limits."""
    for kind, setting in (("ram:Role", "ramRoles"), ("ram:Policy", "ramPolicies")):
        total = len(stack.of(kind))
        if total > settings.count(setting):
            yield Violation("platform", f"{setting}: {total} of {settings.count(setting)}")
    for resource in stack.of("oss:Bucket"):
        rules = len(sequence(resource.props.get("lifecycleRules")))
        if rules > settings.count("lifecycleRules"):
            yield Violation("platform", f"lifecycleRules: {rules} of {settings.count('lifecycleRules')}", resource)
