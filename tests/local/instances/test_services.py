"""The arguments and variables that the services are started with."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain
from pathlib import Path
from threading import Thread

import pytest

from local.instances import services
from local.instances.instance import PORTS, Instance
from tenantry.engine.process import process_table


def test_every_port_that_is_kept_for_the_instance_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_LOCAL", str(tmp_path))
    monkeypatch.setattr(services, "crds", lambda: tmp_path)
    monkeypatch.setattr("local.postgresql.prepare", lambda *_: None)
    ports = {name: number for number, name in enumerate(chain.from_iterable(PORTS.values()), 20001)}
    all_services = services.services(Instance.here(), ports, Path("kubelite"))
    words = [word for service in all_services for word in service.command()]
    given = {name for name, port in ports.items() if any(word.rpartition("=")[2] == str(port) for word in words)}
    assert given == {*ports}


def test_the_stand_in_of_another_instance_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_LOCAL", str(tmp_path / "own"))
    monkeypatch.setattr("local.postgresql.prepare", lambda *_: None)
    own = Instance.here()

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"status": "ok", "pid": os.getpid()}).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        ports = {name: server.server_port for names in PORTS.values() for name in names}
        alibaba = services.services(own, ports, Path("kubelite"))[0]
        assert not alibaba.ready()
        me = process_table.process(os.getpid())
        assert me is not None
        record = {"pid": os.getpid(), "boot": process_table.boot(), "ticks": me.started_ticks}
        (own.folder / "run" / "alibaba.json").write_text(json.dumps(record))
        assert alibaba.ready()
        server.shutdown()
