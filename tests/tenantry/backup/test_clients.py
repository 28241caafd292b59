"""The connection that pg_dump and pg_restore are given."""

from tenantry.backup.clients import BackupClients

SYSTEMS = BackupClients("db.internal", "5432", "tenantry", "hidden", "verify-full", "key", "secret")


def environment_of(**more: str) -> dict[str, str]:
    return SYSTEMS.client_environment({"PGHOST": "127.0.0.1", "PGPASSWORD": "of-the-shell"} | more)


def test_they_check_the_servers_certificate_as_our_own_sessions_do() -> None:
    environment = environment_of(PGSSLROOTCERT="/etc/ca.pem")
    assert (environment["PGSSLMODE"], environment["PGSSLROOTCERT"]) == ("verify-full", "/etc/ca.pem")


def test_nothing_else_of_the_shells_own_reaches_them() -> None:
    environment = environment_of(PGDATABASE="rent009", PGOPTIONS="-c role=postgres", PGSERVICE="other", PATH="/bin")
    assert environment["PATH"] == "/bin"
    assert (environment["PGHOST"], environment["PGPASSWORD"]) == ("db.internal", "hidden")
    assert "PGDATABASE" not in environment
    assert "PGSERVICE" not in environment
    assert environment["PGOPTIONS"] != "-c role=postgres"
