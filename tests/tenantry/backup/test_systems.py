"""What pg_dump and pg_restore are told of the server."""

from tenantry.backup.systems import Systems

GIVEN = {
    "PGHOST": "db.internal",
    "PGUSER": "tenantry",
    "PGPASSWORD": "hidden",
    "ALICLOUD_ACCESS_KEY": "key",
    "ALICLOUD_SECRET_KEY": "secret",
}


def told(**more: str) -> dict[str, str]:
    environment = GIVEN | more
    return Systems.of_environment(environment).client_environment(environment)


def test_they_check_the_servers_certificate_as_our_own_sessions_do() -> None:
    environment = told(PGSSLROOTCERT="/etc/ca.pem")
    assert (environment["PGSSLMODE"], environment["PGSSLROOTCERT"]) == ("verify-full", "/etc/ca.pem")


def test_nothing_else_of_the_shells_own_reaches_them() -> None:
    environment = told(PGDATABASE="rent009", PGOPTIONS="-c role=postgres", PGSERVICE="other", PATH="/bin")
    assert environment["PATH"] == "/bin"
    assert "PGDATABASE" not in environment
    assert "PGSERVICE" not in environment
    assert environment["PGOPTIONS"] != "-c role=postgres"
