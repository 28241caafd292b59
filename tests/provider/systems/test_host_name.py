"""A foreign DNS record of the tenant's name is refused before anything is made, and again before it is called open."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from tenantry.engine.clients.alibaba_rpc import call
from tests.provider.conftest import KEYS
from tests.provider.test_tenant_row import declared

DNS = ("alidns.aliyuncs.com", "2015-01-09")
ADDRESS = "192.0.2.10"


@pytest.fixture
def database(plugin, settings, cloud, empty: str) -> str:
    plugin.configure(postgresql=settings(), alibaba=cloud.settings)
    plugin.create("Migrations", {"database": empty, "set": "admin", "digest": "abc"})
    return empty


@pytest.fixture
def ask(cloud) -> Generator[Callable[..., Any]]:
    """One call to AliDNS, with a zone that is gone at the end."""
    environment = {**KEYS, "TENANTRY_ALIBABA_PROXY": cloud.proxy}

    def run(action: str, **given: object) -> Any:
        return call(*DNS, action, given, environment)

    run("AddDomain", DomainName="yyup.cc")
    yield run
    for name in ("k026", "k0261", "www.k026"):
        run("DeleteSubDomainRecords", DomainName="yyup.cc", RR=name)
    run("DeleteDomain", DomainName="yyup.cc")


def add(ask: Callable[..., Any], value: str, kind: str = "A", remark: str = "", rr: str = "k026") -> str:
    record = str(ask("AddDomainRecord", DomainName="yyup.cc", RR=rr, Type=kind, Value=value)["RecordId"])
    if remark:
        ask("UpdateDomainRecordRemark", RecordId=record, Remark=remark)
    return record


def row(database: str, **changed: Any) -> dict[str, Any]:
    opening = {"database": database, "tenant": "k026"}
    return declared(database, "k026", address=ADDRESS, opening=opening, **changed)


def opened(database: str) -> dict[str, Any]:
    return {"opening": {"database": database, "tenant": "k026"}, "domain": "k026.yyup.cc", "address": ADDRESS}


FOREIGN = {
    "elsewhere": ("203.0.113.99", "A", ""),
    "here, by somebody": (ADDRESS, "A", "by hand"),
    "another tenant's": (ADDRESS, "A", "tenantry-k027"),
    "the other family": ("2001:db8::1", "AAAA", ""),
    "an alias": ("elsewhere.example.com", "CNAME", ""),
}


@pytest.mark.parametrize(("value", "kind", "remark"), FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_record_is_refused_before_there_is_a_row(
    plugin, server, database: str, ask, refused, value: str, kind: str, remark: str
) -> None:
    record = add(ask, value, kind, remark)
    with refused(f"k026.yyup.cc has a DNS record that is not ours: {kind} {value}", "remove it at AliDNS"):
        plugin.create("TenantRow", row(database))
    with server.connect(database) as session:
        assert session.execute("SELECT FROM tenants").fetchall() == []
        assert session.execute("SELECT step_name FROM tenant_init_steps WHERE status = 'failed'").fetchall() == [
            ("validate",)
        ]
    ask("DeleteDomainRecord", RecordId=record)
    plugin.create("TenantRow", row(database))


def test_ours_those_of_other_names_and_those_that_lead_nowhere_are_no_obstacle(plugin, database: str, ask) -> None:
    add(ask, ADDRESS, remark="tenantry-k026")
    add(ask, "198.51.100.1", remark="tenantry-k026")  # of a gateway before
    add(ask, "203.0.113.99", rr="k0261")
    add(ask, "203.0.113.99", rr="www.k026")
    add(ask, "v=spf1 -all", "TXT")
    plugin.create("TenantRow", row(database))


def test_a_late_record_without_its_remark_is_ours(plugin, database: str, ask) -> None:
    add(ask, ADDRESS)
    plugin.create("TenantRow", row(database))


def test_it_is_looked_for_on_all_pages(plugin, database: str, ask, refused) -> None:
    for number in range(501):
        add(ask, f"text {number}", "TXT")
    add(ask, "203.0.113.99")
    with refused("not ours: A 203.0.113.99"):
        plugin.create("TenantRow", row(database))


def test_one_that_came_meanwhile_keeps_it_from_being_called_open(plugin, server, database: str, ask, refused) -> None:
    plugin.create("TenantRow", row(database))
    add(ask, ADDRESS, remark="tenantry-k026")
    record = add(ask, "203.0.113.99")
    with refused("not ours: A 203.0.113.99"):
        plugin.create("Opened", opened(database))
    with server.connect(database) as session:
        query = "SELECT status FROM tenant_init_steps WHERE step_name = 'domain'"
        assert session.execute(query).fetchall() == [("failed",)]
    ask("DeleteDomainRecord", RecordId=record)
    with refused("the opening is not complete"):  # for the steps that this test leaves out
        plugin.create("Opened", opened(database))


def test_a_second_record_under_our_mark_that_leads_elsewhere_keeps_it_from_being_called_open(
    plugin, database: str, ask, refused
) -> None:
    plugin.create("TenantRow", row(database))
    add(ask, ADDRESS, remark="tenantry-k026")
    other = add(ask, "198.51.100.1", remark="tenantry-k026")
    with refused("k026.yyup.cc leads elsewhere as well: A 198.51.100.1 (tenantry-k026)", "remove it at AliDNS"):
        plugin.create("Opened", opened(database))
    ask("DeleteDomainRecord", RecordId=other)
    with refused("the opening is not complete"):
        plugin.create("Opened", opened(database))


def test_an_open_tenant_is_changed_all_the_same_and_one_that_returns_is_looked_at(
    plugin, server, database: str, ask, refused
) -> None:
    made = plugin.create("TenantRow", row(database))
    with server.connect(database) as session:
        session.execute("UPDATE tenant_init_progress SET status = 'completed'")
    add(ask, "203.0.113.99")
    suspended = plugin.update("TenantRow", made, row(database, status="suspended"))
    deleted = plugin.update("TenantRow", suspended, row(database, status="deleted", deletedAt="2026-11-01"))
    with refused("not ours: A 203.0.113.99"):
        plugin.update("TenantRow", deleted, row(database))
