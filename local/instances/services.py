"""The services of the embedded default, in the order in which they stop: clients before what they write to."""

import json
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from local import postgresql
from local.build.crds import crds
from local.gateway import choice
from local.gateway import service as gateway
from local.instances.instance import ACCOUNT_ID, Instance
from local.instances.service import Service, running
from local.shared.paths import ROOT


def services(instance: Instance, ports: dict[str, int], binaries: Mapping[str, Path]) -> tuple[Service, ...]:
    """The gateway where it is wanted, Kubernetes, PostgreSQL and the stand-in; nothing is started or touched yet."""
    return (
        *(gateway.services(instance, ports, binaries["envoy-gateway"]) if choice.wanted() else ()),
        _alibaba(instance, ports),
        _kubernetes(instance, ports, binaries["kubelite"]),
        _postgresql(instance, ports),
    )


NAMES = (*choice.NAMES, "alibaba", "kubernetes", "postgresql")
STOP_SIGNALS = {
    **gateway.STOP_SIGNALS,
    "alibaba": signal.SIGTERM,
    "kubernetes": signal.SIGTERM,
    "postgresql": postgresql.STOP_SIGNAL,
}


def wanted() -> tuple[str, ...]:
    """The names of the services that are to run."""
    return tuple(name for name in NAMES if choice.wanted() or name not in choice.NAMES)


def _postgresql(instance: Instance, ports: dict[str, int]) -> Service:
    data, port, password = instance.folder / "postgresql", ports["postgresql"], instance.secrets["postgresql"]

    def command() -> list[str]:
        postgresql.prepare(data, port, password)
        return postgresql.command(data, port)

    return Service(
        "postgresql",
        command,
        ready=lambda: postgresql.ready(port, password),
        environment=postgresql.environment(),
        user=postgresql.user(),
        stop_signal=STOP_SIGNALS["postgresql"],
        after_start=lambda: postgresql.after_start(port, password),
    )


def _kubernetes(instance: Instance, ports: dict[str, int], kubelite: Path) -> Service:
    data = instance.folder / "kubernetes"

    def command() -> list[str]:
        (data / "ready").unlink(missing_ok=True)
        options = {
            "dir": data,
            "port": ports["kubernetes"],
            "etcd-port": ports["etcd"],
            "etcd-peer-port": ports["etcd-peer"],
            "crds": crds(),
        }
        return [str(kubelite), *(f"--{name}={value}" for name, value in options.items())]

    return Service("kubernetes", command, ready=(data / "ready").exists, stop_signal=STOP_SIGNALS["kubernetes"])


def _alibaba(instance: Instance, ports: dict[str, int]) -> Service:
    port, jwks = ports["alibaba"], instance.folder / "kubernetes" / "jwks.json"
    options = {"port": port, "state": instance.folder / "alibaba", "oidc-jwks": jwks}
    return Service(
        "alibaba",
        lambda: [
            sys.executable,
            "-P",
            "-m",
            "local.alibaba",
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        ready=lambda: _answers(instance, f"http://127.0.0.1:{port}/_tenantry/health"),
        environment={
            "PYTHONPATH": str(ROOT),
            "ALICLOUD_ACCESS_KEY": instance.secrets["alibaba_access_key"],
            "ALICLOUD_SECRET_KEY": instance.secrets["alibaba_secret_key"],
            "ALICLOUD_ACCOUNT_ID": ACCOUNT_ID,
        },
        stop_signal=STOP_SIGNALS["alibaba"],
    )


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _answers(instance: Instance, url: str) -> bool:
    """Tells whether it is our own process that answers there, not the stand-in of another instance."""
    try:
        with _direct.open(url, timeout=2) as answer:
            pid = json.load(answer)["pid"]
    except (OSError, urllib.error.URLError, ValueError, KeyError):
        return False
    process = running(instance, "alibaba")
    return process is not None and process.pid == pid
