"""Ports of the loopback interface: none is chosen twice while nobody listens there yet."""

import socket
import subprocess
import sys

import pytest

from local.shared import ports
from local.shared.paths import ROOT

ONE = """
from local.shared import ports
ports.LOWEST, ports.HIGHEST = {low}, {high}
print(ports.free(), flush=True)
input()
"""


def test_two_processes_never_choose_the_same() -> None:
    """Each process gets another of three ports, as long as the one before lives."""
    low = next(port for port in range(ports.LOWEST, ports.HIGHEST, 3) if all(map(ports.is_free, range(port, port + 3))))
    others = [
        subprocess.Popen(
            [sys.executable, "-c", ONE.format(low=low, high=low + 3)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    try:
        chosen = [int(other.stdout.readline()) for other in others if other.stdout]
    finally:
        for other in others:
            other.communicate("\n")
    assert sorted(chosen) == [low, low + 1, low + 2]


def test_one_that_somebody_listens_on_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert not ports.is_free(taken)
        monkeypatch.setattr(ports, "LOWEST", taken)
        monkeypatch.setattr(ports, "HIGHEST", taken + 2)
        assert ports.free() == taken + 1
