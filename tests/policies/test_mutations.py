"""Every single thing that is declared for a tenant and its platform, taken away in turn.

The pack goes red, or the tables below say who does: a live attack of `tenantry verify`
(tests/e2e/attack/test_mutations.py takes the same thing away from a live system), another test, or nobody, with the
reason why it is no control. The list comes from the recorded program, so a new part, property or statement that is in
none of these fails here.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tenantry.inspection.verify.catalogue import ATTACKS
from tests.policies.conftest import SIGNATURE, Wire, Wires, rules_broken

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = {"protect": False, "ignore_changes": (), "secret_outputs": ()}  # without them
RAIL, BOUND = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"

# Kind and place (`#` any index, `-` the whole, `!` into a JSON text) -> the attacks that find it missing.
LIVE: dict[str, tuple[str, ...]] = {
    "CloneRights -": ("database.connect", "database.rights"),
    "CloneRights *Timeout": ("database.limits",),
    "CloneRights passwords": ("database.login",),
    "CloneRights tempFileLimit": ("database.temp-files",),
    "CloneRights database": ("database.connect", "database.rights"),
    "ClosedDatabases *": ("database.shared", "database.rights"),
    "Gateway spec.listeners.#.allowedRoutes*": ("host.gateway",),
    "NetworkPolicy spec.egress.#.to.#.podSelector*": ("network.out",),
    "NetworkPolicy spec.egress.#.to.#.namespaceSelector": ("network.exporter",),
    "ServiceAccountPatch -": ("hardening.no-token",),
    f"{RAIL} spec.matchConditions*": ("rails.allow",),
    f"{RAIL} spec.matchConstraints*": ("rails.*",),
    f"{RAIL} spec.validations.#": ("rails.*",),
    f"{RAIL} spec.validations.#.expression": ("rails.*",),
    f"{RAIL} spec.variables*": ("rails.*", "rails.allow"),
}
# The same -> the test file that finds it missing.
TESTED: dict[str, str] = {
    "RandomUuid -": "tests/e2e/whole/test_teardown.py",
    "RandomUuid @protect": "tests/e2e/whole/test_teardown.py",
    "Opened -": "tests/e2e/whole/test_teardown.py",
    "Opened address": "tests/provider/systems/test_host_name.py",
    "Opened @protect": "tests/e2e/whole/test_teardown.py",
    "Bucket lifecycleRules*": "tests/components/test_platform.py",
    "PodMonitor *": "tests/components/monitoring/test_monitoring.py",
    "ServiceMonitor *": "tests/components/monitoring/test_monitoring.py",
    "CloneRights connectionLimit": "tests/components/parts/test_database.py",
    "Role @protect": "tests/components/test_shape.py",
    "Policy @protect": "tests/components/test_shape.py",
    "Role @secret_outputs": "tests/e2e/whole/test_main_job.py",
    f"{BOUND} spec.validationActions.#": "tests/components/guardrails/test_attacks.py",
}
# Why it is no control -> the same.
NO_CONTROL: dict[str, tuple[str, ...]] = {
    "the system refuses an object without it": (
        "* apiVersion",
        "* kind",
        "* metadata.name",
        "* metadata.namespace",
        "BackendTrafficPolicy spec.rateLimit.type",
        "*TrafficPolicy spec.targetRefs.#.group",
        "ClientTrafficPolicy spec.targetRefs*",
        "CronJob metadata",
        "Deployment metadata",
        "Service metadata",
        "NetworkPolicy spec.egress.#.to.#.ipBlock.cidr",
        "CronJob spec.schedule",
        "Deployment *.volumes.#.secret.secretName",
        "CronJob *.containers",
        "CronJob *.containers.#",
        "CronJob *.containers.#.name",
        "CronJob *.restartPolicy",
        "Opened opening*",
        "ServiceAccount metadata",
        "ServiceAccountPatch metadata",
        "Gateway metadata",
        "Gateway metadata.namespace",
        "Gateway spec",
        "Gateway spec.listeners*",
        "Gateway spec.gatewayClassName",
        "Namespace metadata",
        "Policy policyDocument!Version",
        "Policy policyDocument!Statement.#.Resource",
        "Policy policyName",
        "Role assumeRolePolicyDocument!Version",
        "Role assumeRolePolicyDocument!Statement.#.Action",
        "Role name",
        "Database name",
        "RoleBinding roleRef.*",
        "RoleBinding subjects.#.apiGroup",
        "RoleBinding subjects.#.kind",
        "CloneRights owner",
        f"{RAIL} spec.validations.#.message",
        f"{RAIL} spec.validations.#.reason",
    ),
    "less is allowed without it": (
        "ClusterRole rules*",
        "RoleBinding -",
        "RoleBinding subjects*",
        "NetworkPolicy -",
        "NetworkPolicy spec.egress",
        "NetworkPolicy spec.egress.#",
        "NetworkPolicy spec.egress.#.ports.#",
        "NetworkPolicy spec.ingress",
        "NetworkPolicy spec.ingress.#",
        "Policy -",
        "Policy policyDocument!Statement.#",
        "Policy policyDocument!Statement.#.Action.#",
        "Policy policyDocument!Statement.#.Resource.#",
        "Policy policyDocument!Statement.#.Condition.StringEquals.oss:Prefix.#",
        "Role assumeRolePolicyDocument!Statement.#",
        "Role assumeRolePolicyDocument!Statement.#.Principal.*.#",
        "Role roles*",
        "Role password",
        "Role -",
        "RolePolicyAttachment -",
        "CronJob -",
        "OidcProvider *",
        "CloneRights logins*",
        "CloneRights readers*",
        "ReadGrants *",
        "Bucket corsRules*",
        "HTTPRoute -",
        "HTTPRoute spec.parentRefs*",
        "HTTPRoute spec.rules.#.backendRefs*",
        "HTTPRoute spec.rules.#.matches*",
        "AlidnsRecord -",
        "Service spec.ports*",
        "Service spec.type",
        "Namespace -",
        "Bucket -",
        "Database -",
        "Deployment -",
    ),
    "its default says the same": (
        "NetworkPolicy *.protocol",
        "HTTPRouteFilter spec.directResponse.body.type",
        "NetworkPolicy spec.podSelector*",
        "Deployment *.hostIPC",
        "Deployment *.hostNetwork",
        "Deployment *.hostPID",
        "Deployment *.securityContext.privileged",
        "CronJob *.hostIPC",
        "CronJob *.hostNetwork",
        "CronJob *.hostPID",
        "CronJob *.securityContext.privileged",
        "Role maxSessionDuration",
        "Role validUntil",
        "Role login",
        "Database allowConnections",
        "Bucket lifecycleRuleAllowSameActionOverlap",
        f"{RAIL} spec.matchConstraints.resourceRules.#.scope",
    ),
    "it is said twice, for the pod and for the container": (
        "Deployment *.securityContext.runAsNonRoot",
        "CronJob *.securityContext.runAsNonRoot",
    ),
    "a role that may not log in opens no connection": ("Role connectionLimit",),
    "the limit of the rate is what keeps a neighbour going; body and place only narrow it": (
        "BackendTrafficPolicy spec.requestBuffer*",
        "BackendTrafficPolicy spec.targetRefs.#.sectionName",
    ),
    "the route sets the header from the host, whatever the gateway has let in": (
        "ClientTrafficPolicy -",
        "ClientTrafficPolicy metadata",
        "ClientTrafficPolicy spec",
        "ClientTrafficPolicy spec.headers*",
        "ClientTrafficPolicy spec.timeout*",
    ),
    "the roles that a service asks for are its own to check; who the tenant is, is said beside them": (
        "HTTPRoute spec.rules.#.filters.#.requestHeaderModifier.set.#",
        "HTTPRoute spec.rules.#.filters.#.requestHeaderModifier.set.#.name",
        "HTTPRoute spec.rules.#.filters.#.requestHeaderModifier.set.#.value",
    ),
    "it is how the application runs or is known": (
        "ConfigMap *",
        "Secret *",
        "Seed *",
        "Migrations *",
        "RandomPassword *",
        "Directories *",
        "TenantRow *",
        "CloneRights opening*",
        "Opened domain",
        "Opened memory*",
        "CronJob spec.concurrencyPolicy",
        "CronJob spec.failedJobsHistoryLimit",
        "CronJob spec.successfulJobsHistoryLimit",
        "CronJob spec.startingDeadlineSeconds",
        "CronJob spec.timeZone",
        "CronJob *.activeDeadlineSeconds",
        "CronJob *.backoffLimit",
        "CronJob *.podFailurePolicy*",
        "CronJob *.template.metadata*",
        "CronJob *.command*",
        "CronJob *.env",
        "CronJob *.env.*",
        "CronJob *.envFrom*",
        "CronJob *.volumeMounts*",
        "CronJob *.volumes",
        "CronJob *.volumes.*",
        "CronJob *.enableServiceLinks",
        "Deployment *.env",
        "Deployment *.env.*",
        "HTTPRoute spec.rules.#",
        "HTTPRoute spec.rules.#.name",
        "ServiceAccount -",
        "Service -",
        "Service metadata.annotations*",
        "Service spec.selector*",
        "AlidnsRecord value",
        "Bucket @ignore_changes",
        "Database owner",
        "Database template",
        "Policy description",
        "Policy force",
        "Policy rotateStrategy",
        "Deployment spec.replicas",
        "Deployment spec.strategy",
        "Deployment *.command*",
        "Deployment spec.revisionHistoryLimit",
        "Deployment spec.selector*",
        "Deployment spec.strategy.*",
        "Deployment spec.template.metadata*",
        "Deployment spec.template.spec.containers",
        "Deployment spec.template.spec.containers.#",
        "Deployment *.envFrom*",
        "Deployment *.lifecycle*",
        "Deployment *Probe*",
        "Deployment *.containers.#.name",
        "Deployment *.ports*",
        "Deployment *.volumeMounts*",
        "Deployment *.volumes",
        "Deployment *.volumes.#",
        "Deployment *.volumes.#.name",
        "Deployment *.projected.sources*",
        "Deployment *.projected.defaultMode",
        "Deployment *.volumes.#.secret.*",
        "Deployment *.enableServiceLinks",
        "Deployment *.terminationGracePeriodSeconds",
        "Deployment *.topologySpreadConstraints*",
        "HTTPRoute spec.rules.#.timeouts*",
        "HTTPRouteFilter spec.directResponse.contentType",
        "Gateway -",
    ),
    "without the certificate no connection is made: the driver is told to check it": (
        "Deployment *.volumes.#.configMap.items*",
        "Deployment *.volumes.#.configMap.name",
    ),
    "it marks what is ours": ("* metadata.labels", "* metadata.labels.app~kubernetes~io/*", "Role description"),
}
SKIPPED = ("tenantry:components:", "pulumi:")  # they group; what they hold is taken away piece by piece
# Made from a table or by a tool, and compared with that as a whole: tests/components/monitoring/test_monitoring.py.
DOCUMENTS = ("platform-monitoring-rules", "platform-monitoring-routes", "platform-monitoring-dashboard-*")


def places(value: Any, path: str = "") -> Iterator[str]:
    """Every key and every entry, at every depth, documents in texts too."""
    if isinstance(value, str) and value[:1] == "{":
        yield from (f"{path}!{below}" for below in places(json.loads(value)))
        return
    if not isinstance(value, dict | list) or SIGNATURE in value:
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        place = f"{path}.{str(key).replace('.', '~')}" if path else str(key)
        yield place
        yield from places(inner, place)


def without(props: Any, place: str) -> Any:
    """A copy that lacks it."""
    copy = deepcopy(props)
    outer, _, inner = place.partition("!")
    *above, last = [step.replace("~", ".") for step in outer.split(".")]
    at = copy
    for step in above:
        at = at[int(step)] if isinstance(at, list) else at[step]
    key: Any = int(last) if isinstance(at, list) else last
    if inner:
        at[key] = json.dumps(without(json.loads(at[key]), inner))
    else:
        del at[key]
    return copy


def mutations(name: str, wire: Wire) -> Iterator[tuple[str, Wire | None]]:
    """Place -> what is left."""
    yield "-", None
    for place in places(wire.props):
        yield place, replace(wire, props=without(wire.props, place))
    for option, off in OPTIONS.items():
        if wire.options.get(option):
            yield f"@{option}", replace(wire, options=wire.options | {option: off})


def general(wire: Wire, place: str) -> str:
    """Without indices: `Deployment spec.template.spec.containers.#.image`."""
    steps = [["#" if step.isdigit() else step for step in part.split(".")] for part in place.split("!")]
    return f"{wire.type.rpartition(':')[2]} {'!'.join('.'.join(part) for part in steps)}"


def green(declared: Wires, name: str) -> set[str]:
    """Mutations of this resource that the pack does not miss."""
    names: set[str] = set()
    for place, left in mutations(name, declared[name]):
        world = {**declared, name: left} if left else {key: wire for key, wire in declared.items() if key != name}
        if not rules_broken(world, only=[name] if left else []).broken:
            names.add(general(declared[name], place))
    return names


def patterns() -> set[str]:
    return {*LIVE, *TESTED, *(entry for ones in NO_CONTROL.values() for entry in ones)}


@pytest.fixture
def survivors(declared: Wires, closed: Wires) -> set[str]:
    """Survivors of one tenant and of the platform: the other tenants have the same. Of one that is suspended its ways
    in are others.
    """
    if not _survivors:
        assert [str(violation) for violation in rules_broken(declared).broken] == []
        for name, wire in declared.items():
            is_document = any(fnmatchcase(name, document) for document in DOCUMENTS)
            if name.startswith(("k001", "platform")) and not wire.type.startswith(SKIPPED) and not is_document:
                _survivors.update(green(declared, name))
        for name, wire in closed.items():
            if name.startswith("k001") and wire.type.endswith((":HTTPRoute", ":HTTPRouteFilter")):
                _survivors.update(green(closed, name))
    return _survivors


_survivors: set[str] = set()  # once for all tests: thousands of judgements


def test_nothing_can_be_taken_away_unseen(survivors: set[str]) -> None:
    known = patterns()
    unseen = sorted(survivor for survivor in survivors if not any(fnmatchcase(survivor, pattern) for pattern in known))
    assert unseen == [], "write a rule, or say in a table above who misses it or why it is no control"


def test_the_tables_hold_nothing_that_the_pack_sees_by_itself(survivors: set[str]) -> None:
    idle = sorted(
        pattern for pattern in patterns() if not any(fnmatchcase(survivor, pattern) for survivor in survivors)
    )
    assert idle == []


def test_whoever_is_named_exists() -> None:
    known = [attack.id for attack in ATTACKS]
    for ids in LIVE.values():
        assert all(any(fnmatchcase(known_case, id_) for known_case in known) for id_ in ids), ids
    assert all((ROOT / file).is_file() for file in TESTED.values())
