"""Rehearsals with what their commands said: `python -m tests.support.requests.prepared_rehearsals` writes the golden files."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tenantry.changes.rehearsal.commands import Done
from tenantry.changes.rehearsal.reading import Told, of_migrate, of_second_up, of_up, of_verify, of_way_back
from tenantry.changes.rehearsal.seeding import Kind
from tenantry.changes.report.markdown import markdown
from tenantry.changes.report.rehearsal_result import Rehearsal, RehearsedTenant, Role, Stage, StageName, StageResult
from tenantry.changes.report.request_report import RequestReport
from tenantry.changes.report.statements import Statement, TenantReport, Weight
from tests.support.requests.prepared_requests import GOLDEN as REPORTS
from tests.support.requests.preview_outcomes import NAMES, change, finding, outcome

GOLDEN: Final = REPORTS.with_name("golden_rehearsals")
OK: Final = Done(0, "", "")
FAILED: Final = Done(3, "", "")
COMPANY: Final = (
    RehearsedTenant("k001", Role.AFFECTED, "by code; plan standard, active"),
    RehearsedTenant("k002", Role.AFFECTED, "its file changes"),
    RehearsedTenant("k003", Role.AFFECTED, "by code; plan premium, suspended"),
    RehearsedTenant("k005", Role.BYSTANDER, "plan enterprise, active"),
)
BIRTH: Final = (
    "policy protection: What holds data is not removed by accident, and no secret stands in clear\n"
    "k001: Database rent001: protection-birth: it follows changes of template, lcCollate."
    " Remedy: set ignore_changes to template, lcCollate."
)
ATTACKS: Final = {"attempts": 884, "held": 884, "findings": []}
HOLE: Final = {
    "attack": "network.closed", "control": "NetworkPolicy", "tenant": "k001", "target": "k002", "state": "hole",
    "said": "k001 reaches k002:3000", "remedy": "",
}  # fmt: skip
MIGRATED: Final[list[dict[str, Any]]] = [
    {"label": "template", "state": "migrated", "before": 0, "after": 1, "error": ""},
    {"label": "k001", "state": "migrated", "before": 0, "after": 1, "error": ""},
    {"label": "k002", "state": "failed", "before": 0, "after": 0, "error": '0001_mail: column "email" contains null values'},
]  # fmt: skip
LOST: Final = TenantReport("k001", (Statement(Weight.DATA, "rows are lost:", ("parents: 3 of 3",)),))
RAN: Final = ("start", "base", "data")


def rehearsals() -> Iterator[tuple[str, Rehearsal]]:
    """Name and rehearsal of each."""
    opened = of_up(OK, outcome(*(change("k023", name, "create") for name in NAMES)))
    way_back = of_way_back(OK, outcome(change("k002", "app-deployment", "update", "spec")))
    yield (
        "comes-through",
        _of(
            request=opened,
            verify=of_verify(OK, ATTACKS),
            compare=Told(),
            again=of_second_up(OK, outcome()),
            back=way_back,
        ),
    )
    refused = of_up(
        FAILED, outcome(result="failed", errors=[finding("k001", "db-database", BIRTH)], unfinished=["k002"])
    )
    yield "refused-by-the-pack", _of(request=refused, compare=Told(), back=of_way_back(OK, outcome()))
    renamed = of_up(
        OK,
        outcome(
            *(change(code, "files-attachment", "delete") for code in ("k001", "k002")),
            *(change(code, _attachment(code), "create") for code in ("k001", "k002")),
            change("k001", "app-deployment", "update", "spec"),
        ),
    )
    again = of_second_up(OK, outcome(change("k002", "app-configmap", "update", "data")))
    closed = of_way_back(FAILED, outcome(result="refused", errors=[finding("", "", "the database has version 0001")]))
    yield (
        "all-goes-wrong",
        _of(
            request=renamed,
            migrate=of_migrate(FAILED, MIGRATED, {"k002": Kind.EMPTY}),
            verify=of_verify(FAILED, {"attempts": 884, "held": 883, "findings": [HOLE]}),
            compare=Told((LOST,)),
            again=again,
            back=closed,
        ),
    )
    touched = of_up(OK, outcome(change("k005", "app-configmap", "update", "data")), untouched=["k005"])
    yield "bystander-touched", _of(request=touched, compare=Told())
    yield "interrupted", replace(_of(), is_interrupted=True)


def _attachment(code: str) -> str:
    types = "tenantry:components:Storage$alicloud:ram/rolePolicyAttachment:RolePolicyAttachment"
    return f"urn:pulumi:local::tenantry::tenantry:components:Tenant${types}::{code}-files-policy-attachment"


def _of(**told: Told) -> Rehearsal:
    before = [Stage(StageName(name), StageResult.OK, 12.0) for name in RAN]
    stages = [
        Stage(
            StageName(name),
            StageResult.FAILED if said.is_failed else StageResult.OK,
            20.0,
            said.tenants,
            said.errors,
            said.remark,
        )
        for name, said in told.items()
    ]
    return Rehearsal(COMPANY, (*before, *stages), "a" * 40, "b" * 40, ("k007", "k008", "k010"))


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for called, rehearsal in rehearsals():
        (GOLDEN / f"{called}.md").write_text(markdown(RequestReport((), rehearsal)), encoding="utf-8")
