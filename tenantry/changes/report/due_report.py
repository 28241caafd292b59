"""The report of what the next run does without a request: what `up --approved` holds the nightly run to.

It is made from the state, not from a preview: every resource of a tenant that is concerned may be changed in the way of
its reason, and nothing else may. So a run that would do more stops before its first change, whatever the files say.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from tenantry.changes.report.request_report import Operation, RequestReport, StackReport
from tenantry.changes.report.resource_weights import CREATE, DELETE, UPDATE
from tenantry.changes.report.statements import Statement, TenantReport, Weight
from tenantry.engine.stack.urns import place_of, type_of
from tenantry.engine.state.deployment import Deployment
from tenantry.engine.state.shared_rules import RULES, codes_in
from tenantry.model.due_change import DueChange, DueKind

_SEAL: Final = "tenantry:index:Opened"
_SESSIONS: Final = "tenantry:index:Sessions"  # closes them; nothing goes with it
_ROUTE: Final = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute::{}-app-httproute"
_NOTICE: Final = "kubernetes:gateway.envoyproxy.io/v1alpha1:HTTPRouteFilter::{}-app-httproutefilter"
_TAKES_RULES: Final = (DueKind.REMOVED, DueKind.RULES)
_WORDS: Final = {
    DueKind.REMOVED: (Weight.DATA, "removed, with its data, by a proved backup:"),
    DueKind.RULES: (Weight.OTHER, "it is removed by its own stack, here what the shared buckets have of it goes:"),
    DueKind.LIFTED: (Weight.GONE, "its protection is lifted, by a proved backup:"),
    DueKind.FELL_DUE: (Weight.OTHER, "its days are over, nothing is removed yet:"),
    DueKind.DATE: (Weight.LESS, "a date is over:"),
}


def due_report(stack: str, deployment: Deployment, due: Iterable[DueChange]) -> RequestReport:
    """The form of a request's report, so that it is read, saved and compared as those are."""
    operations: list[Operation] = []
    tenants: list[TenantReport] = []
    for change in due:
        weight, words = _WORDS[change.kind]
        tenants.append(TenantReport(change.code, (Statement(weight, words, change.reasons),)))
        operations += _allowed(change, deployment)
    return RequestReport((StackReport(stack, "ok", tuple(tenants), tuple(operations)),))


def _allowed(change: DueChange, deployment: Deployment) -> Iterator[Operation]:
    parents = deployment.parents
    for record in deployment.resources:
        urn = str(record["urn"])
        owner = place_of(urn, parents).tenant
        if change.kind in _TAKES_RULES and not owner and change.code in codes_in(record):
            yield Operation("", urn, UPDATE, (RULES,))
        if owner != change.code or change.kind is DueKind.RULES:
            continue
        yield Operation(change.code, urn, UPDATE)
        if change.kind is DueKind.REMOVED:
            yield Operation(change.code, urn, DELETE)
        if change.kind is DueKind.DATE and type_of(urn) == _SEAL:
            yield Operation(change.code, _sessions(urn, change.code), CREATE)
        if change.kind is DueKind.DATE and urn.endswith(route := _ROUTE.format(change.code)):
            # What the gateway answers while it does not run: there only then.
            yield Operation(change.code, urn.removesuffix(route) + _NOTICE.format(change.code), CREATE)


def _sessions(seal: str, code: str) -> str:
    """The URN of what closes a tenant's sessions, which is there only while its access has ended."""
    head, _, _ = seal.rpartition("::")
    return f"{head.removesuffix(_SEAL)}{_SESSIONS}::{code}-sessions"
