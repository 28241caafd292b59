"""Starts, stops and shows the services of one instance."""

import os
import shutil
from collections.abc import Sequence

from local.build.binaries import build_all
from local.build.crds import crds, gateway_crds
from local.gateway import conditions as gateway
from local.gateway.service import place_of
from local.instances import environment, service, toolbox
from local.instances.instance import Instance
from local.instances.services import NAMES, STOP_SIGNALS, services, wanted
from local.instances.toolbox import link
from local.shared.progress import Progress


def build(instance: Instance) -> None:
    """Builds what is missing and links every binary into the instance's `built/`, where the tests look for them."""
    folder, binaries = instance.folder / "built", build_all(toolbox.targets())
    with instance.locked():
        folder.mkdir(exist_ok=True)
        for name, binary in binaries.items():
            link(binary, folder / name)
    crds()
    if "envoy-gateway" in binaries:
        gateway_crds()


def start(instance: Instance) -> None:
    """Builds what is missing, starts what does not run, waits until all answer, writes `env`. Idempotent."""
    binaries = toolbox.build(instance)
    with instance.locked():
        toolbox.install(instance, binaries)
        _stop(instance, [name for name in NAMES if name not in wanted() and service.running(instance, name)])
        for name in NAMES:
            if service.crashed(instance, name):
                print(f"{name} had ended by itself.{service.last_lines(instance, name)}\nstarting it again")
        ports = instance.ports(running=[name for name in NAMES if service.running(instance, name)])
        progress = Progress("services")
        all_services = services(instance, ports, binaries)
        spawned = [all_service.name for all_service in all_services if service.start(instance, all_service)]
        for all_service in reversed(all_services):  # what the others wait for first: it is named when it is the one
            service.wait_ready(instance, all_service, progress)
        environment.write(instance, ports)
        progress.done(f"started {', '.join(spawned)}" if spawned else "were running")


def await_gateway(instance: Instance) -> None:
    """Waits until the gateway serves what is declared, where there is one. Raises ServiceFailed when it does not."""
    if "envoy-gateway" in wanted():
        gateway.await_conditions(place_of(instance, instance.ports(running=NAMES)))


def stop(instance: Instance) -> None:
    """Stops what runs; the data stays."""
    with instance.locked():
        _stop(instance)
        os.sync()  # PostgreSQL runs without fsync (local/postgresql/settings.py)


def _stop(instance: Instance, names: Sequence[str] = NAMES) -> None:
    for name in names:
        progress = Progress(name)
        progress.say("stopping")
        progress.done("stopped" if service.stop(instance, name, STOP_SIGNALS[name]) else "was not running")


def status(instance: Instance) -> bool:
    """Prints a line a service; returns whether all run."""
    for name in NAMES:
        process = service.running(instance, name)
        if process:
            print(f"{name:<13} runs, pid {process.pid}, {process.memory_info().rss / 2**20:.0f} MiB")
        elif service.crashed(instance, name):
            print(f"{name:<13} ended by itself.{service.last_lines(instance, name)}")
        else:
            print(f"{name:<13} is {'stopped' if name in wanted() else 'left out'}")
    return all(service.running(instance, name) for name in wanted())


def clean(instance: Instance) -> None:
    """Stops the services and removes the instance with all its data. The caller has asked."""
    with instance.locked():
        _stop(instance)
        shutil.rmtree(instance.folder)
