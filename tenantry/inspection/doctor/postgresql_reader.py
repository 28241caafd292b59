"""The database server's facts, and the certificate that a client meets there."""

import socket
import ssl
import struct
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tenantry.database.owner_login import RESERVE_ROLE
from tenantry.inspection.doctor.facts import Certificate, Postgresql, Silent
from tenantry.model.database_parameters import NAMES
from tenantry.names import MAINTENANCE_DATABASE, TEMPLATE_DATABASE

TIMEOUT_S: Final = 10.0
SSL_REQUEST: Final = struct.pack("!ii", 8, 80877103)  # of PostgreSQL's protocol, before anything else
OPEN: Final = """
SELECT datname FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
WHERE datname IN ('postgres', 'template1') AND grantee = 0 AND privilege_type = 'CONNECT' ORDER BY 1
"""
# Of others, who know whose rights their own logins need (docs/decisions/0008).
FOREIGN: Final = """
SELECT datname FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
WHERE datname NOT IN ('postgres', 'template1') AND datallowconn AND grantee = 0 AND privilege_type = 'CONNECT'
ORDER BY 1
"""
EXTENSIONS: Final = "SELECT name FROM pg_available_extensions"
ME: Final = """
SELECT rolsuper, rolcreaterole, rolcreatedb, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user
"""
PARAMETERS: Final = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
RESERVED: Final = """
SELECT sum(setting::int) FROM pg_settings WHERE name IN ('reserved_connections', 'superuser_reserved_connections')
"""
RESERVE: Final = "SELECT pg_has_role(oid, 'MEMBER WITH ADMIN OPTION') FROM pg_roles WHERE rolname = %s"


def read_postgresql(
    host: str, port: int, user: str, password: str, sslmode: str, ca: str | None
) -> Postgresql | Silent:
    """One session, which reads; and where TLS is asked for, one handshake beside it."""
    import psycopg

    where = f"{host}:{port}"
    with tempfile.TemporaryDirectory() as folder:
        root: dict[str, Any] = {}
        if ca is not None:
            file = Path(folder) / "ca.pem"
            file.write_text(ca, encoding="utf-8")
            root = {"sslrootcert": str(file)}
        try:
            with psycopg.connect(
                host=host,
                port=port,
                user=user,
                password=password,
                dbname=MAINTENANCE_DATABASE,
                sslmode=sslmode,
                connect_timeout=int(TIMEOUT_S),
                application_name="tenantry-doctor",
                autocommit=True,
                **root,
            ) as session:
                certificate = read_certificate(host, port, ca) if sslmode.startswith("verify") else None
                return _read(session, where, certificate)
        except psycopg.Error as error:
            return Silent(where, " ".join(str(error).split()))


def _read(session: Any, where: str, certificate: Certificate | None) -> Postgresql:
    def one(statement: str, *values: object) -> Any:
        row = session.execute(statement, values).fetchone()
        return row[0] if row and len(row) == 1 else row

    superuser, roles, databases, bypasses = one(ME)
    before = time.time()
    clock = float(one("SELECT extract(epoch FROM clock_timestamp())"))
    release = int(one("SHOW server_version_num")) // 10_000
    return Postgresql(
        where=where,
        version=release,
        is_superuser=bool(superuser),
        may_create_roles=bool(roles),
        may_create_databases=bool(databases),
        self_grant=str(one("SHOW createrole_self_grant")) if release >= 16 else "",
        template=one("SELECT datistemplate, datallowconn FROM pg_database WHERE datname = %s", TEMPLATE_DATABASE),
        open_to_all=[str(name) for (name,) in session.execute(OPEN).fetchall()],
        foreign_open=[str(name) for (name,) in session.execute(FOREIGN).fetchall()],
        extensions=frozenset(
            name for (name,) in session.execute("SELECT name FROM pg_available_extensions").fetchall()
        ),
        connections=int(one("SHOW max_connections")),
        reserved=int(one(RESERVED)),
        may_use_reserve=release < 16 or bool(one(RESERVE, RESERVE_ROLE)),
        reads_hidden_rows=bool(bypasses),
        lock_timeout=str(one("SHOW lock_timeout")),
        parameters=dict(session.execute(PARAMETERS, [list(NAMES)]).fetchall()),
        encrypted=bool(session.pgconn.ssl_in_use),
        certificate=certificate,
        skew_s=(before + time.time()) / 2 - clock,
    )


def read_certificate(host: str, port: int, ca: str | None) -> Certificate:
    """The certificate that a client with verify-full meets: chain, name and end."""
    context = ssl.create_default_context(cadata=ca)
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as plain:
            plain.sendall(SSL_REQUEST)
            if plain.recv(1) != b"S":
                return Certificate(fault="the server speaks no TLS")
            with context.wrap_socket(plain, server_hostname=host) as encrypted:
                certificate: Any = encrypted.getpeercert()
                return Certificate(datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC))
    except ssl.SSLCertVerificationError as error:
        return Certificate(fault=error.verify_message)
    except (OSError, ValueError) as error:
        return Certificate(fault=str(error) or type(error).__name__)
