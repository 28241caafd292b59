"""A plugin never outlives or outwaits its engine."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from google.protobuf import empty_pb2

from tests.local.kubernetes.conftest import Json, Kubelite, NotReadyError, Plugin

STUCK: Json = {
    "replicas": 1,
    "selector": {"matchLabels": {"a": "b"}},
    "template": {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"nodeSelector": {"no": "where"}, "containers": [{"name": "a", "image": "example.invalid/a:1"}]},
    },
}


def test_cancel_ends_the_waiting(start_plugin: Callable[[Json], Plugin], kubelite: Kubelite, namespace: str) -> None:
    plugin = start_plugin({"kubeconfig": str(kubelite.kubeconfig)})  # a path is as good as its contents
    resource, outcome = plugin.resource("apps/v1:Deployment"), list[NotReadyError]()

    def create() -> None:
        try:
            resource.create({"metadata": {"name": "stuck", "namespace": namespace}, "spec": STUCK}, timeout=120)
        except NotReadyError as error:
            outcome.append(error)

    caller = threading.Thread(target=create)
    caller.start()
    deadline = time.monotonic() + 60
    while not kubelite.apps.list_namespaced_deployment(namespace).items:
        assert time.monotonic() < deadline, "the Deployment is not made"
        time.sleep(0.05)
    plugin.stub.Cancel(empty_pb2.Empty())
    caller.join(60)  # half of what it would wait
    assert not caller.is_alive()
    assert outcome[0].id == f"{namespace}/stuck"  # what was made is recorded, so nothing is lost
    assert "cancelled" in outcome[0].reasons[0]


def test_a_killed_engine_takes_the_plugin_along(binary: Callable[[str], Path]) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.argv[1], '127.0.0.1:9'], stdout=subprocess.PIPE, start_new_session=True)\n"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(60)\n"
    )
    engine = subprocess.Popen(
        [sys.executable, "-c", code, str(binary("pulumi-resource-kubernetes"))], stdout=subprocess.PIPE, text=True
    )
    assert engine.stdout
    plugin = psutil.Process(int(engine.stdout.readline()))
    engine.kill()
    engine.wait()
    deadline = time.monotonic() + 30
    while _lives(plugin):
        if time.monotonic() > deadline:
            plugin.kill()
            pytest.fail("the plugin lives on without its engine")
        time.sleep(0.1)


def _lives(process: psutil.Process) -> bool:
    """A zombie has ended: the machine's first process may take its time to collect what was left to it."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
