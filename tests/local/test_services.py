"""What the services are started with."""

from pathlib import Path

import pytest

from local import services
from local.instance import PORTS, Instance


def test_every_port_that_is_kept_for_the_instance_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_LOCAL", str(tmp_path))
    monkeypatch.setattr(services, "crds", lambda: tmp_path)
    monkeypatch.setattr("local.postgresql.prepare", lambda *_: None)
    ports = {name: number for number, name in enumerate(PORTS, 20001)}
    all_services = services.services(Instance.here(), ports, Path("kubelite"))
    words = [word for one in all_services for word in one.command()]
    given = {name for name, port in ports.items() if any(word.rpartition("=")[2] == str(port) for word in words)}
    assert given == {*PORTS}
