"""The arguments and variables that the services are started with."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain
from pathlib import Path
from threading import Thread

import pytest

from local.instances import services
from local.instances.environment import environment
from local.instances.instance import PORTS, Instance
from tenantry.engine.process import process_table

BINARIES = {"kubelite": Path("kubelite"), "envoy-gateway": Path("envoy-gateway")}


def test_every_port_that_is_kept_for_the_instance_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_LOCAL", str(tmp_path))
    monkeypatch.delenv("TENANTRY_GATEWAY")
    monkeypatch.setattr(services, "crds", lambda: tmp_path)
    monkeypatch.setattr("local.gateway.service.gateway_crds", lambda: tmp_path)
    monkeypatch.setattr("local.postgresql.prepare", lambda *_: None)
    ports = {name: number for number, name in enumerate(chain.from_iterable(PORTS.values()), 20001)}
    all_services = services.services(Instance.here(), ports, BINARIES)
    words = [word for service in all_services for word in service.command()]
    given = {name for name, port in ports.items() if any(word.rpartition("=")[2] == str(port) for word in words)}
    assert given == {*ports}


def test_without_a_gateway_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_LOCAL", str(tmp_path))
    monkeypatch.setenv("TENANTRY_GATEWAY", "off")
    ports = {name: 1 for names in PORTS.values() for name in names}
    named = [service.name for service in services.services(Instance.here(), ports, BINARIES)]
    assert named == list(services.wanted()) == ["alibaba", "kubernetes", "postgresql"]
    assert not [name for name in environment(Instance.here(), ports) if name.startswith("TENANTRY_GATEWAY")]
    monkeypatch.delenv("TENANTRY_GATEWAY")
    named = [service.name for service in services.services(Instance.here(), ports, BINARIES)]
    assert named == list(services.wanted()) == list(services.NAMES)


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
        alibaba = next(each for each in services.services(own, ports, BINARIES) if each.name == "alibaba")
        assert not alibaba.ready()
        me = process_table.process(os.getpid())
        assert me is not None
        record = {"pid": os.getpid(), "boot": process_table.boot(), "ticks": me.started_ticks}
        (own.folder / "run" / "alibaba.json").write_text(json.dumps(record))
        assert alibaba.ready()
        server.shutdown()
