"""The order in which a tenant is opened, and that every step of it has a resource which records its end."""

from datetime import date

ADMIN = {"database": "admin_tenant_management", "tenant": "k001"}
# The first of each part; what is not here hangs on one of them.
FIRST = (
    "k001-db-owner",
    "k001-files-role",
    "k001-files-policy",
    "k001-ns-namespace",
)


def test_nothing_is_made_before_the_row_says_that_it_is_free(parts, tenant) -> None:
    recording = parts(tenant())
    for name in FIRST:
        assert "k001-row" in recording.named(name).after, name


def test_everything_that_records_knows_where(parts, tenant) -> None:
    recording = parts(tenant())
    for name in ("k001-row", "k001-db-rights", "k001-db-seed", "k001-files-directories", "k001-opened"):
        assert recording.named(name).inputs["opening"] == ADMIN, name


def test_the_end_comes_after_all_else_and_knows_the_domain(parts, tenant) -> None:
    recording = parts(tenant())
    opened = recording.one("Opened")
    rest = {resource.name for resource in recording.descendants("k001") if resource.custom} - {"k001-opened"}
    assert rest <= set(opened.after)
    assert opened.inputs == {"opening": ADMIN, "domain": "k001.yyup.cc", "address": "192.0.2.10", "memory": {}}


def test_a_tenant_being_deleted_has_no_domain_to_open(parts, tenant) -> None:
    leaving = parts(tenant(status="deleted", deleted_at=date(2026, 10, 10))).one("Opened")
    assert leaving.inputs == {"opening": ADMIN, "removal": "refused", "memory": {}}
