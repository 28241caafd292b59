"""Labels, further administrators and notes: what a file may say of them, what is shown of them, and to whom."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenantry.fleet.load import Fleet
from tenantry.model.app_settings import app_settings
from tenantry.model.infra_settings import INFRA_SETTINGS, infra_settings
from tenantry.model.resolved import ResolvedTenant
from tenantry.reports.plan_diff import diff_tenants
from tenantry.reports.tenant_details import details, summary
from tenantry.spec.labels import KEY, LONGEST_NOTES, MOST, PREFIX, VALUE

DEPUTY = '{id: deputy, name: 李四, phone: "13900139001", email: li@example.com, role: tenant_admin}'
HEAD = '{id: head, name: 王五, phone: "13900139002", email: wang@example.com, role: principal}'
PERSONAL = ("李四", "13900139001", "li@example.com", "王五", "13900139002", "wang@example.com")
TOKEN = "ghp_a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ"


@pytest.fixture
def resolved(write: Callable[..., Path], load: Callable[..., Fleet]) -> Callable[..., ResolvedTenant]:
    def make(**changes: str) -> ResolvedTenant:
        write(**changes)
        return load()["k001"]

    return make


def given(tenant: ResolvedTenant) -> dict[str, Any]:
    """The fields in the form of the row in the admin database."""
    return json.loads(json.dumps(app_settings(tenant) | {INFRA_SETTINGS: infra_settings(tenant)}))


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"labels": "[a]"}, "labels", "a mapping"),
        ({"labels": "{Region: south}"}, "labels", "no label's"),
        ({"labels": "{tenantry.io/tenant: k002}"}, "labels", "no label's"),
        ({"labels": "{app.kubernetes.io/managed-by: me}"}, "labels", "no label's"),
        ({"labels": '{"": x}'}, "labels", "no label's"),
        ({"labels": "{" + "a" * 33 + ": x}"}, "labels", "at most 32"),
        ({"labels": "{region: 南}"}, "labels.region", "ASCII"),
        ({"labels": "{region: a b}"}, "labels.region", "SPACE"),
        ({"labels": "{region: -a}"}, "labels.region", "no label's value"),
        ({"labels": '{region: ""}'}, "labels.region", "1 to 63"),
        ({"labels": "{region: " + "a" * 64 + "}"}, "labels.region", "1 to 63"),
        ({"labels": "{year: 2026}"}, "labels.year", "in quotes"),
        ({"labels": "{vip: true}"}, "labels.vip", "in quotes"),
        ({"labels": '{who: "13900139001"}'}, "labels.who", "phone number"),
        ({"labels": f"{{ref: {TOKEN}}}"}, "labels.ref", "looks like a secret"),
        ({"labels": "{password: hunter2}"}, "labels.password", "looks like a secret"),
        ({"labels": "{" + ", ".join(f"a{n}: x" for n in range(MOST + 1)) + "}"}, "labels", f"at most {MOST}"),
        ({"notes": '""'}, "notes", "is empty"),
        ({"notes": "[a]"}, "notes", "text"),
        ({"notes": '"a\\u202eb"'}, "notes", "remove it"),
        ({"notes": '"' + "x " * LONGEST_NOTES + '"'}, "notes", f"at most {LONGEST_NOTES}"),
        ({"notes": f"their token is {TOKEN}"}, "notes", "looks like a secret"),
        ({"administrators": f"[{DEPUTY.replace('deputy', 'Deputy')}]"}, "administrators[0].id", "short name"),
        ({"administrators": f"[{DEPUTY.replace('tenant_admin', 'super_admin')}]"}, "administrators[0].role", "tenant_admin"),
        ({"administrators": f"[{DEPUTY.replace(', role: tenant_admin', '')}]"}, "administrators[0].role", "is missing"),
        ({"administrators": f"[{DEPUTY.replace('tenant_admin', 'tenant_admin, password: hunter2')}]"}, "administrators[0].password", "no field"),
        ({"administrators": f"[{DEPUTY.replace('13900139001', '13800138001')}]"}, "administrators[0].phone", "tenant's own"),
        ({"administrators": f"[{DEPUTY.replace('li@', 'ZhangSan@')}]"}, "administrators[0].email", "the contact's"),
        ({"administrators": f"[{DEPUTY}, {HEAD.replace('head', 'deputy')}]"}, "administrators[1].id", "that of `deputy`"),
        ({"administrators": f"[{DEPUTY}, {HEAD.replace('13900139002', '13900139001')}]"}, "administrators[1].phone", "that of `deputy`"),
        ({"administrators": "[" + ", ".join([DEPUTY] * 17) + "]"}, "administrators", "at most 16"),
        ({"administrators": f"[{DEPUTY.replace('李四', TOKEN)}]"}, "administrators[0].name", "looks like a secret"),
    ],
)  # fmt: skip
def test_what_is_refused(
    changes: dict[str, str], field: str, told: str, write: Callable[..., Path], faults_of: Any, only: Any
) -> None:
    line = only(faults_of(), path) if (path := write(**changes)) else ""
    assert f": {field}: " in line
    assert told in line
    assert TOKEN not in line


def test_all_three_are_shown_with_their_lines(resolved: Callable[..., ResolvedTenant]) -> None:
    tenant = resolved(labels="{region: south}", administrators=f"[{DEPUTY}]", notes="moves in May")
    shown = details(tenant)
    assert shown["labels"] == summary(tenant)["labels"] == {"region": "south"}
    assert shown["notes"] == "moves in May"
    assert [person["id"] for person in shown["administrators"]] == ["deputy"]


def test_notes_are_nobodys_business_but_peoples(resolved: Callable[..., ResolvedTenant]) -> None:
    before, after = given(resolved()), given(resolved(notes="moves in May"))
    assert before == after


def test_the_application_is_told_none_of_them(resolved: Callable[..., ResolvedTenant]) -> None:
    """Its pods never start anew for one."""
    tenant = resolved(labels="{region: south}", administrators=f"[{DEPUTY}]", notes="moves in May")
    assert app_settings(tenant) == app_settings(resolved())


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({}, {"labels": "{region: south}"}, [("labels.region", None, "south", "other")]),
        ({"labels": "{region: south}"}, {"labels": "{region: north, tier: gold}"},
         [("labels.region", "south", "north", "other"), ("labels.tier", None, "gold", "other")]),
        ({"labels": "{region: south}"}, {}, [("labels.region", "south", None, "other")]),
        ({}, {"administrators": f"[{DEPUTY}]"}, [("administrators.deputy", None, "there", "more")]),
        ({"administrators": f"[{DEPUTY}, {HEAD}]"}, {"administrators": f"[{HEAD}]"},
         [("administrators.deputy", "there", None, "less")]),
        ({"administrators": f"[{DEPUTY}]"}, {}, [("administrators.deputy", "there", None, "less")]),
        ({"administrators": f"[{DEPUTY}]"}, {"administrators": f"[{DEPUTY.replace('13900139001', '13900139003')}]"},
         [("administrators.deputy.person", "one", "another", "less")]),
        ({"administrators": f"[{DEPUTY}]"}, {"administrators": f"[{DEPUTY.replace('tenant_admin', 'principal')}]"},
         [("administrators.deputy.role", "tenant_admin", "principal", "other")]),
        ({"administrators": f"[{DEPUTY}]"}, {"administrators": f"[{DEPUTY.replace('李四', '李五')}]"}, []),
    ],
)  # fmt: skip
def test_a_difference_is_weighed_and_names_nobody(
    before: dict[str, str], after: dict[str, str], changes: Any, resolved: Callable[..., ResolvedTenant]
) -> None:
    differences = diff_tenants({"k001": given(resolved(**before))}, {"k001": given(resolved(**after))})
    assert [
        (change.key, change.before, change.after, change.direction)
        for effect in differences
        for change in effect.changes
    ] == changes
    assert not any(effect.restarts for effect in differences)
    assert not [text for text in PERSONAL if text in str(differences)]


def test_a_row_of_before_these_fields_says_nothing_of_them(resolved: Callable[..., ResolvedTenant]) -> None:
    """A run of this version over files without them changes no row."""
    assert given(resolved())[INFRA_SETTINGS].keys() == {"sleep", "backups", "services"}


def test_a_label_fits_wherever_it_is_carried() -> None:
    """Kubernetes: a prefix that is a DNS name, names and values up to 63; RAM: keys up to 64, values up to 128."""
    assert len(PREFIX) + 32 <= 64
    assert KEY.fullmatch("a" * 32)
    assert VALUE.fullmatch("a" * 63)
    assert not VALUE.fullmatch("a" * 64)
    assert not PREFIX.startswith(("aliyun", "acs:", "http"))
