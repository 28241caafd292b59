"""The plugin's sessions are with the server that it was configured with, whatever the engine's shell holds for
libpq."""

from collections.abc import Generator

import pytest

from tests.provider.conftest import Plugin, Refused, start_plugin

ELSEWHERE = {
    "PGHOSTADDR": "192.0.2.1",
    "PGSERVICE": "elsewhere",
    "PGSERVICEFILE": "/nowhere",
    "PGPASSFILE": "/nowhere",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGTZ": "Asia/Shanghai",
    "PGDATESTYLE": "German",
    "PGCLIENTENCODING": "LATIN1",
    "PGTARGETSESSIONATTRS": "standby",
    "PGREQUIREAUTH": "none",
}


@pytest.fixture
def plugin_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Generator[Plugin]:
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    made = start_plugin()
    for name in ELSEWHERE:
        monkeypatch.delenv(name)
    yield made
    made.process.terminate()
    made.process.wait(10)


def test_a_step_is_taken_where_it_was_told(plugin_elsewhere: Plugin, settings, server, empty: str) -> None:
    plugin_elsewhere.configure(postgresql=settings())
    plugin_elsewhere.create("Migrations", {"database": empty, "set": "admin", "digest": "abc"})
    with server.connect(empty) as session:
        assert session.execute("SELECT to_regclass('public.tenants') IS NOT NULL").fetchone() == (True,)
    with pytest.raises(Refused, match="no database nowhere"):
        plugin_elsewhere.create("Migrations", {"database": "nowhere", "set": "admin", "digest": "abc"})
