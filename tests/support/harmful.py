"""Every setting that a user may give a database, each with a value other than the server's: enumerated, not chosen."""

from collections.abc import Iterator
from typing import Any

from psycopg import sql

PARAMETERS = (
    "SELECT name, vartype, setting, min_val, max_val, enumvals FROM pg_settings WHERE context = 'user' ORDER BY 1"
)
# Of texts, one that harms: it ends a session, keeps it out, or has it read and write other than it should.
TEXTS = {
    "DateStyle": "German",
    "TimeZone": "Asia/Shanghai",
    "client_encoding": "LATIN1",
    "createrole_self_grant": "set, inherit",
    "default_text_search_config": "pg_catalog.german",
    "lc_time": "C.UTF-8",
    "local_preload_libraries": "nowhere",
    "restrict_nonsystem_relation_kind": "view",
    "role": "clone",
    "search_path": "nowhere",
    "temp_tablespaces": "nowhere",
    "timezone_abbreviations": "India",
}
# Their text has no other value here.
ALIKE = {"default_table_access_method", "default_tablespace", "lc_monetary", "lc_numeric", "application_name"}


def harmful(session: Any) -> Iterator[tuple[str, str]]:
    """Every parameter that a user may set, with another value than the server's."""
    session.execute("DO 'BEGIN END'")
    for name, kind, setting, low, high, choices in session.execute(PARAMETERS).fetchall():
        if name.startswith("transaction_") and name != "transaction_timeout":
            continue
        if kind == "string":
            if name in TEXTS:
                yield name, TEXTS[name]
        elif kind == "bool":
            yield name, "off" if setting == "on" else "on"
        elif kind == "enum":
            yield from [(name, choice) for choice in choices if choice != setting][:1]
        else:
            least = low if float(low) > 0 or not name.endswith("_timeout") else "1"
            yield name, least if float(least) != float(setting) else high
    # These three are listed nowhere. The server's own word of who began the session goes before all others.
    yield "role", TEXTS["role"]
    yield "session_authorization", TEXTS["role"]
    yield "seed", "0.5"


def spoil(session: Any, database: str) -> dict[str, str]:
    """The database has all of them, given in a session of its owner's, whose settings count."""
    given = dict(harmful(session))
    for name, value in given.items():
        quoted = sql.SQL(".").join(map(sql.Identifier, name.split(".")))
        statement = sql.SQL("ALTER DATABASE {} SET {} = {}").format(
            sql.Identifier(database), quoted, sql.Literal(value)
        )
        session.execute(statement)
    return given
