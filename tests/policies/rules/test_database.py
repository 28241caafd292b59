"""Each rule on databases objects when its one thing is changed."""

from collections.abc import Callable
from typing import Any

import pytest

EXTRA = {
    "grant": ("postgresql:index/grant:Grant", {"database": "rent001", "role": "rent001", "objectType": "schema", "privileges": ["USAGE"]}),
    "member": ("postgresql:index/grantRole:GrantRole", {"role": "rent001_a", "grantRole": "rent001"}),
    "extension": ("postgresql:index/extension:Extension", {"database": "rent001", "name": "pgcrypto"}),
    "schema": ("postgresql:index/schema:Schema", {"database": "rent001", "name": "reports", "owner": "rent001"}),
}  # fmt: skip
READS = "platform-admin-tenant-management-reads-tenantry_exporter"
ADMIN_LOGIN, ADMIN_RIGHTS = "platform-admin-tenant-management-login-b", "platform-admin-tenant-management-rights"
DATABASE, OWNER, LOGIN, RIGHTS = "k001-db-database", "k001-db-owner", "k001-db-login-a", "k001-db-rights"
CASES: list[tuple[str, str, str, Any]] = [
    ("database-powers", LOGIN, "superuser", True),
    ("database-powers", OWNER, "createDatabase", True),
    ("database-powers", LOGIN, "createRole", True),
    ("database-powers", "platform-kargerdensales-test-login-a", "replication", True),
    ("database-powers", LOGIN, "bypassRowLevelSecurity", True),
    ("database-owner", DATABASE, "owner", "rent001_a"),
    ("database-owner", RIGHTS, "owner", "rent002"),
    ("database-owner-login", OWNER, "login", True),
    ("database-owner-login", OWNER, "login", None),
    ("database-owner-login", OWNER, "roles", ["rent001_a"]),
    ("database-membership", LOGIN, "roles", ["rent001", "rent002"]),
    ("database-membership", LOGIN, "roles", ["rent002"]),
    ("database-membership", "platform-kargerdensales-test-login-a", "roles", ["kargerdensales_test", "rent001"]),
    ("database-membership", "platform-kargerdensales-test-login-a", "roles", ["rent001_b"]),
    ("database-membership", "platform-kargerdensales-test-owner", "roles", ["rent001"]),
    ("database-membership", "platform-kargerdensales-test-owner", "roles", ["pg_read_all_data"]),
    ("database-membership", "member", "grantRole", "tenantry"),
    ("database-rows", ADMIN_LOGIN, "roles", ["admin_tenant_management"]),
    ("database-rows", ADMIN_RIGHTS, "rights", None),
    ("database-rows", ADMIN_RIGHTS, "rights", "owner"),
    ("database-reader", ADMIN_RIGHTS, "readers", ["tenantry_exporter", "rent001_a"]),
    ("database-reader", "platform-kargerdensales-test-rights", "readers", ["tenantry_exporter"]),
    ("database-reader", RIGHTS, "readers", ["tenantry_exporter"]),
    ("database-reader", READS, "database", "kargerdensales_test"),
    ("database-reader", READS, "login", "admin_tenant_management_a"),
    ("database-reader", READS, "columns.tenants", ["contact_phone"]),
    ("database-reader", READS, "columns.tenants", ["name"]),
    ("database-reader", READS, "columns.tenants", ["settings"]),
    ("database-reader", READS, "columns.admin_users", ["password"]),
    ("database-password", LOGIN, "password", ""),
    ("database-password", LOGIN, "encryptedPassword", False),
    ("database-connections", DATABASE, "connectionLimit", -1),
    ("database-connections", DATABASE, "connectionLimit", None),
    ("database-connections", DATABASE, "connectionLimit", 51),
    ("database-connections", LOGIN, "connectionLimit", None),
    ("database-plan", LOGIN, "connectionLimit", 80),
    ("database-connections", "platform-kargerdensales-test-database", "connectionLimit", None),
    ("database-template", DATABASE, "template", "rent002"),
    ("database-template", DATABASE, "template", None),
    ("database-template", DATABASE, "isTemplate", True),
    ("database-template", DATABASE, "lcCollate", "DEFAULT"),
    ("database-public", "grant", "role", "public"),
    ("database-grant", "grant", "role", "rent002"),
    ("database-grant", "grant", "database", "rent002"),
    ("database-grant", "grant", "withGrantOption", True),
    ("database-grant", "schema", "owner", "tenantry"),
    ("database-extension", "extension", "name", "dblink"),
    ("database-rights", RIGHTS, "logins", ["rent001_a", "rent001_b", "rent002_a"]),
    ("database-rights", RIGHTS, "statementTimeout", 0),
    ("database-rights", RIGHTS, "idleTimeout", None),
    ("database-closed", RIGHTS, "-", None),
    ("database-closed", RIGHTS, "database", "rent009"),
    ("database-plan", "k003-db-database", "connectionLimit", 50),
    ("database-plan", "k001-row", "planType", "premium"),
    ("database-shared", DATABASE, "name", "rent002"),
    ("database-shared", LOGIN, "name", "rent002_a"),
]


@pytest.mark.parametrize(("rule", "name", "path", "value"), CASES)
def test_a_change_breaks_the_rule(breaks: Callable[..., None], rule: str, name: str, path: str, value: Any) -> None:
    breaks(rule, name, path, value, EXTRA)


def test_a_template_that_takes_connections_is_refused(declared, below, broken) -> None:
    type_ = "postgresql:index/database:Database"
    world = {"t": below("t", type_, {"name": "kargerdensales", "allowConnections": True, "connectionLimit": 5})}
    assert "database-template" in {violation.rule.name for violation in broken(world).broken}


CASES_ELSEWHERE = ["database-tls"]
TLS = {"database": {"tls": True}}
ENCRYPTED = {"DB_SSLMODE": "verify-full"}
UNENCRYPTED = [
    {"DB_SSLMODE": "disable"},
    {"DB_SSLMODE": "require"},
    {"DB_SSLMODE": None},
    {"DB_SSLROOTCERT": None},
    {"DB_CA": "nothing"},
]


@pytest.mark.parametrize("changes", UNENCRYPTED, ids=lambda changes: "-".join(map(str, *changes.items())))
def test_an_application_that_does_not_check_the_servers_certificate_is_refused_where_tenants_are_real(
    declared, broken, change, changes: dict[str, Any]
) -> None:
    name = "k001-app-configmap"
    declared[name] = change(declared[name], "data.DB_SSLMODE", "verify-full")
    assert [
        str(violation) for violation in broken(declared, only=[name], settings=TLS).broken if violation.tenant == "k001"
    ] == []
    for key, value in changes.items():
        declared[name] = change(declared[name], f"data.{key}", value)
    assert {violation.rule.name for violation in broken(declared, only=[name], settings=TLS).broken} == {"database-tls"}
    assert not broken(declared, only=[name]).broken
