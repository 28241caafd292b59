"""The readers on real systems: a PostgreSQL server, a TLS server that is not to be trusted."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgresql.temporary import TemporaryServer
from tenantry.inspection.doctor.facts import Postgresql, Silent
from tenantry.inspection.doctor.postgresql_reader import SSL_REQUEST, read_certificate, read_postgresql
from tenantry.model.database_parameters import NAMES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("doctor")) as running:
        yield running


def look(server: TemporaryServer, user: str = "tenantry", password: str = "", mode: str = "disable") -> object:
    return read_postgresql("127.0.0.1", server.port, user, password or server.password, mode, None)


def test_a_server_says_what_it_is(server: TemporaryServer) -> None:
    facts = look(server)
    assert isinstance(facts, Postgresql)
    assert (facts.version, facts.is_superuser, facts.encrypted, facts.template) == (16, True, False, None)
    assert facts.open_to_all == ["postgres", "template1"]
    assert "plpgsql" in facts.extensions
    assert (facts.connections, facts.reserved, facts.may_use_reserve, facts.reads_hidden_rows) == (5000, 10, True, True)
    assert (facts.lock_timeout, set(facts.parameters)) == ("0", set(NAMES))
    assert abs(facts.skew_s) < 30


def test_a_database_of_somebody_else_that_is_open_to_all_is_named(server: TemporaryServer) -> None:
    with server.connect() as session:
        session.execute("CREATE DATABASE metabase")
        facts = look(server)
        session.execute("REVOKE CONNECT ON DATABASE metabase FROM PUBLIC")
        again = look(server)
        session.execute("DROP DATABASE metabase")
    assert isinstance(facts, Postgresql)
    assert isinstance(again, Postgresql)
    assert (facts.foreign_open, again.foreign_open) == (["metabase"], [])


def test_a_role_of_a_managed_server_lacks_what_it_was_not_given(server: TemporaryServer) -> None:
    with server.connect() as session:
        session.execute("CREATE ROLE provisioner LOGIN PASSWORD 'pw' CREATEROLE")
        session.execute("CREATE DATABASE kargerdensales IS_TEMPLATE true")
        facts = look(server, "provisioner", "pw")
        assert isinstance(facts, Postgresql)
        assert (facts.may_create_roles, facts.may_create_databases, facts.is_superuser) == (True, False, False)
        assert (facts.self_grant, facts.template) == ("", (True, True))
        assert (facts.may_use_reserve, facts.reads_hidden_rows) == (False, False)
        session.execute("GRANT pg_use_reserved_connections TO provisioner WITH ADMIN OPTION")
        session.execute("ALTER ROLE provisioner BYPASSRLS; ALTER ROLE provisioner SET lock_timeout = '10s'")
        session.execute("ALTER ROLE provisioner SET createrole_self_grant = 'set, inherit'")
        again = look(server, "provisioner", "pw")
        assert isinstance(again, Postgresql)
        assert again.self_grant == "set, inherit"
        assert (again.may_use_reserve, again.reads_hidden_rows, again.lock_timeout) == (True, True, "10s")


def test_what_is_refused_says_why_and_not_the_password(server: TemporaryServer) -> None:
    facts = look(server, "nobody", "very-secret")
    assert isinstance(facts, Silent)
    assert "password authentication failed" in facts.why
    assert "very-secret" not in str(facts)
    assert isinstance(look(server, mode="verify-full"), Silent)  # it speaks no TLS


def test_a_server_without_tls_is_named(server: TemporaryServer) -> None:
    assert read_certificate("127.0.0.1", server.port, None).fault == "the server speaks no TLS"


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A port that answers as PostgreSQL with TLS does, for 127.0.0.1, and its certificate."""
    openssl = shutil.which("openssl")
    assert openssl
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    names = ["-subj", "/CN=db", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "9",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run([openssl, *made, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                assert client.recv(len(SSL_REQUEST)) == SSL_REQUEST
                client.sendall(b"S")
                try:
                    context.wrap_socket(client, server_side=True).close()
                except (ssl.SSLError, OSError):
                    continue

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], certificate.read_text()
    listener.close()


def test_a_certificate_is_checked_by_chain_and_name_and_says_its_end(encrypted: tuple[int, str]) -> None:
    port, ca = encrypted
    good = read_certificate("127.0.0.1", port, ca)
    assert good.fault is None
    assert good.not_after is not None
    assert "self-signed" in str(read_certificate("127.0.0.1", port, None).fault)
    assert "mismatch" in str(read_certificate("localhost", port, ca).fault).lower()
