"""Twelve requests with what the previews of them say: `python -m tests.support.requests.prepared_requests` writes the golden
files."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from policies.analyzer.pack import DESCRIPTIONS, REPORT
from tenantry.changes.report.build_report import stack_report
from tenantry.changes.report.markdown import markdown
from tenantry.changes.report.request_report import Basis, RequestReport
from tenantry.changes.request_facts import RequestFacts, compare
from tenantry.fleet.load import PROJECT_TENANTS, load_fleet
from tenantry.parsing.faults import Faults
from tests.support.requests.preview_outcomes import IN_THE_NAMESPACE, NAMES, change, finding, outcome, service

GOLDEN: Final = Path(__file__).resolve().parents[2] / "tenantry" / "changes" / "report" / "golden"
TODAY: Final = date(2026, 11, 1)
BASIS: Final = Basis("2026-11-01T06:30:12.716237128Z", resources=629, base="a" * 40, head="b" * 40)
NEW: Final = """\
code: k023
name: 晨光幼儿园
phone: "13800138123"
plan: standard
status: active
cell: main
contact: {name: 张老师, email: zhang@example.com}
"""
Edit = Callable[[Path], None]
Changes = Sequence[dict[str, Any]]


def replace(code: str, old: str, new: str) -> Edit:
    def edit(folder: Path) -> None:
        file = folder / f"{code}.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {code}"
        file.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def write(name: str, text: str) -> Edit:
    def edit(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return edit


def settings(code: str, *more: str) -> Changes:
    """The operations that any change of the application's settings makes."""
    return [
        change(code, "row", "update", "settings"),
        change(code, "app-configmap", "update", "data"),
        change(code, "app-deployment", "update", "spec"),
        *(change(code, name, "update", "spec") for name in more),
    ]


def living(code: str) -> Changes:
    return [change(code, name, "create") for name in NAMES]


def plan_changes(code: str) -> Changes:
    return [
        *settings(code, "ns-limitrange-plan", "ns-resourcequota-plan", "app-backendtrafficpolicy", "app-httproute"),
        change(code, "db-database", "update", "connectionLimit"),
        change(code, "db-login-a", "update", "connectionLimit"),
        change(code, "db-rights", "update", "connectionLimit", "statementTimeout"),
        change(code, "opened", "update", "memory"),
    ]


def no_service(code: str, name: str) -> Changes:
    parts = ("service", "deployment", "httproute", "backendtrafficpolicy")
    return [change(code, service(code, name, part), "delete") for part in parts]


def goes(code: str) -> Changes:
    return [
        *(change(code, name, "delete") for name in (*IN_THE_NAMESPACE, "dns")),
        change(code, "row", "update", "status"),
        change(code, "db-login-a", "update", "login"),
        change(code, "files-policy", "update", "policyDocument"),
        change(code, "files-role", "update", "assumeRolePolicyDocument"),
        change(code, "sessions", "create"),
        change(code, "backup", "create"),
        change(code, "opened", "update", "domain", "address"),
    ]


def comes_back(code: str) -> Changes:
    return [
        *(change(code, name, "create") for name in (*IN_THE_NAMESPACE, "dns")),
        change(code, "row", "update", "status"),
        change(code, "db-login-a", "update", "login"),
        change(code, "files-policy", "update", "policyDocument"),
        change(code, "files-role", "update", "assumeRolePolicyDocument"),
        change(code, "sessions", "delete"),
        change(code, "backup", "delete"),
        change(code, "opened", "update", "domain", "address"),
    ]


def suspended(code: str) -> Changes:
    return [
        change(code, "row", "update", "status"),
        change(code, "app-deployment", "update", "spec"),
        change(code, "db-login-a", "update", "login"),
        change(code, "files-policy", "update", "policyDocument"),
        change(code, "files-role", "update", "assumeRolePolicyDocument"),
        change(code, "sessions", "create"),
    ]


SERVED: Final = ("k001", "k002", "k003", "k005", "k007", "k008", "k010", "k012", "k014", "k016", "k018", "k020", "k022")
STANDARD: Final = ("k001", "k003", "k010", "k014", "k022")
DELETED: Final = replace("k010", "status: active\n", "status: deleted\ndeleted_at: 2026-10-20\n")
WALL: Final = (
    "policy network: {code}: NetworkPolicy openings: network-egress: it opens 0.0.0.0/0:443. A tenant that reaches any"
    " address can carry data away. Remedy: name the destination under network.egress of policies/prod.json."
)
BIRTH: Final = (
    "policy protection: k007: Database rent007: protection-birth: it follows changes of template, encoding. The plugin"
    " answers a difference in what a database was made from by dropping it and making it anew. Remedy: set"
    " ignore_changes to template, encoding, lcCollate, lcCtype, tablespaceName."
)


def fleet_of_200(folder: Path) -> None:
    for number in range(100, 300):
        phone = f'"138001{number:05d}"'
        text = NEW.replace("k023", f"k{number}").replace('"13800138123"', phone).replace("示例", f"{number}")
        (folder / f"k{number}.yaml").write_text(text, encoding="utf-8")


def rate(folder: Path) -> None:
    replace("plans", "request_rate: 1200\n", "request_rate: 1800\n")(folder)


@cache
def requests() -> tuple[tuple[str, RequestReport], ...]:
    """Name and report of each; made once for all modules, which load the fleets of 24 folders."""
    return tuple(_requests())


def _requests() -> Iterator[tuple[str, RequestReport]]:
    yield _request("open", outcome(*living("k023")), write("k023.yaml", NEW))
    up = outcome(*plan_changes("k002"))
    yield _request("plan-up", up, replace("k002", "plan: basic", "plan: standard"))
    services = "enabled_services: [enrollment, activities, posters, messaging]\n"
    smaller = outcome(*plan_changes("k007"), *no_service("k007", "messaging"),
                      change("k007", "app-poddisruptionbudget", "delete"))  # fmt: skip
    less = replace("k007", services, services.replace(", messaging", ""))
    models = replace("k007", "doubao-pro", "qwen-plus")
    yield _request("plan-down", smaller, replace("k007", "plan: premium", "plan: standard"), less, models)
    ended = replace("k003", "status: active", "status: suspended")
    yield _request("suspend", outcome(*suspended("k003")), ended)
    yield _request("delete", outcome(*goes("k010")), DELETED)
    cancelled = outcome(*comes_back("k010"))
    yield _request("cancel-deletion", cancelled, before=[DELETED])
    told = "not known before the update, which decides: names-own-labels (settings.tokens.unifiedTenantApi.0.sha256) x1"
    warning = finding("", "", f"policy report: {DESCRIPTIONS[REPORT]}\n{told}")
    both = outcome(*living("k023"), *suspended("k003"),
                   *(setting for code in STANDARD if code != "k003" for setting in settings(code, "app-backendtrafficpolicy")),
                   change("k003", "app-backendtrafficpolicy", "update", "spec"), warnings=[warning])  # fmt: skip
    yield _request("two-tenants-and-a-plan", both, write("k023.yaml", NEW), ended, rate)
    restarts = outcome(*(change(code, "app-deployment", "update", "spec") for code in SERVED),
                       change("", "platform-backups-cron", "update", "spec"))  # fmt: skip
    yield _request("component-restarts-all", restarts, is_data_only=False)
    findings = [finding(code, "ns-networkpolicy-openings", WALL.format(code=code)) for code in SERVED]
    loosened = outcome(*(change(code, "ns-networkpolicy-openings", "update", "spec") for code in SERVED),
                       change("", "platform-guardrails-walls", "update", "spec"), result="failed", errors=findings)  # fmt: skip
    yield _request("wall-loosened", loosened, is_data_only=False)
    steps = ("create-replacement", "replace", "delete-replaced")
    replaced = outcome(*(change("k007", "db-database", step, "template") for step in steps), result="failed",
                       errors=[finding("k007", "db-database", BIRTH)], unfinished=["k008", "k010"])  # fmt: skip
    yield _request("database-replaced", replaced, is_data_only=False)
    many = [f"k{number}" for number in range(100, 300)]
    faster = outcome(
        *(setting for code in (*STANDARD, *many) for setting in settings(code, "app-backendtrafficpolicy"))
    )
    yield _request("200-tenants", faster, rate, before=[fleet_of_200])
    yield _refused("broken-file", write("k023.yaml", NEW.replace("plan: standard", "plan: gold")))


def _request(
    name: str, said: dict[str, Any], *edits: Edit, before: Sequence[Edit] = (), is_data_only: bool = True
) -> tuple[str, RequestReport]:
    facts = facts_of(edits, before, is_data_only=is_data_only)
    return name, RequestReport((stack_report("prod", said, facts, BASIS),))


def facts_of(edits: Sequence[Edit], before: Sequence[Edit] = (), *, is_data_only: bool = True) -> RequestFacts:
    """The facts of a request's files; without edits it takes back what stands in `before`, if that is a deletion."""
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(shutil.copytree(PROJECT_TENANTS, Path(scratch, "base")))
        for edit in before:
            edit(base)
        head = Path(shutil.copytree(base if edits else PROJECT_TENANTS, Path(scratch, "head")))
        for edit in edits:
            edit(head)
        return compare(load_fleet(base, today=TODAY), load_fleet(head, today=TODAY), None, is_data_only=is_data_only)


def _refused(name: str, *edits: Edit) -> tuple[str, RequestReport]:
    """The command's refusal: the faults are the errors."""
    with tempfile.TemporaryDirectory() as scratch:
        head = Path(shutil.copytree(PROJECT_TENANTS, Path(scratch, "tenants")))
        for edit in edits:
            edit(head)
        try:
            load_fleet(head, today=TODAY)
        except Faults as faults:
            texts = [str(fault).replace(f"{scratch}/", "") for fault in faults.faults]
            said = {"result": "refused", "errors": [{"text": text} for text in texts]}
            return name, RequestReport((stack_report("prod", said, None, Basis()),))
    raise AssertionError(name)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for called, report in requests():
        (GOLDEN / f"{called}.md").write_text(markdown(report), encoding="utf-8")
