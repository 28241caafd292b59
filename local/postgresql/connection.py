"""Connections of the administrator to the server on the loopback address."""

import time

import psycopg
from psycopg.rows import TupleRow

ADMIN = "tenantry"


class PostgresqlError(Exception):
    """A fault of the embedded server, with what to do about it. Holds no password."""


def connect(port: int, password: str, database: str = "postgres") -> psycopg.Connection[TupleRow]:
    """An autocommitting session; what libpq would take from the shell, `python -m local` has forgotten."""
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=ADMIN,
        password=password,
        dbname=database,
        sslmode="disable",
        options="",
        connect_timeout=5,
        application_name="tenantry",
        autocommit=True,
    )


def ready(port: int, password: str) -> bool:
    """Tells whether the server answers; a refused password raises, since waiting would not help."""
    try:
        with connect(port, password) as session:
            session.execute("SELECT 1")
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise PostgresqlError(
                f"postgresql on port {port} refuses the administrator's password: the data was made with another one, "
                "or another server holds the port; restore the instance's env file, or remove the data"
            ) from None
        if "the database system is" in str(error):  # starting or recovering; every try is a line in its log
            time.sleep(0.25)
        return False
    return True
