"""The two services of the gateway: Envoy Gateway with Envoy below it, and the process that answers for the pods."""

import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from local.build.crds import gateway_crds
from local.gateway.choice import APPLICATIONS, GATEWAY, NAMES
from local.gateway.settings import Place
from local.instances.instance import Instance
from local.instances.service import Service, running
from local.shared.paths import ROOT

STOP_SIGNALS = dict.fromkeys(NAMES, signal.SIGTERM)


def place_of(instance: Instance, ports: dict[str, int]) -> Place:
    sockets = f"tenantry-{instance.secrets['sockets']}"
    return Place(
        instance.folder / "gateway",
        instance.folder / "kubernetes",
        sockets,
        ports["gateway"],
        ports["gateway-http"],
        ports["xds"],
    )


def environment(instance: Instance, ports: dict[str, int]) -> dict[str, str]:
    """The file for curl: `curl -K $TENANTRY_CURL https://k001.yyup.cc/` finds port and authority by itself."""
    place = place_of(instance, ports)
    return {
        "TENANTRY_GATEWAY_PORT": str(place.https),
        "TENANTRY_GATEWAY_HTTP_PORT": str(place.http),
        "TENANTRY_GATEWAY_CA": str(place.authority.file),
        "TENANTRY_CURL": str(place.curl),
    }


def services(instance: Instance, ports: dict[str, int], program: Path) -> tuple[Service, ...]:
    """Nothing is started or touched yet."""
    place = place_of(instance, ports)

    def command(process: str, **more: Path) -> list[str]:
        options = {
            "folder": place.folder,
            "kubernetes": place.kubernetes,
            "sockets": place.sockets,
            "https": place.https,
            "http": place.http,
            "xds": place.xds,
            **more,
        }
        return [
            sys.executable,
            "-P",
            "-m",
            "local.gateway",
            process,
            *(f"--{name}={value}" for name, value in options.items()),
        ]

    environment = {"PYTHONPATH": str(ROOT)}
    return (
        Service(
            GATEWAY,
            lambda: command("server", program=program, definitions=gateway_crds()),
            ready=lambda: _listens(instance, place.xds),
            environment=environment,
            stop_signal=STOP_SIGNALS[GATEWAY],
        ),
        Service(
            APPLICATIONS,
            lambda: command("applications"),
            ready=lambda: _answers(place.sockets),
            environment=environment,
            stop_signal=STOP_SIGNALS[APPLICATIONS],
        ),
    )


def _listens(instance: Instance, port: int) -> bool:
    """Tells whether it is our own process that listens there: another instance may have taken the port."""
    process = running(instance, GATEWAY)
    if process is None:
        return False
    with suppress(psutil.Error):
        return any(
            connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
            for connection in process.net_connections("tcp")
        )
    return False


def _answers(sockets: str) -> bool:
    """The name belongs to this instance alone."""
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(f"\0{sockets}/ready")
        return True
    return False
