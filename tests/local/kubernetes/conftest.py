"""A control plane and the kubernetes plugin as processes; tests drive the plugin over its own protocol, as the
engine."""

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from kubernetes import client, config, dynamic
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from local.build.binaries import path_of
from local.build.targets import TARGETS
from local.shared.ports import free

SECRET_MARK = "4dabf18193072939515e22adb298388d"
SECRET_VALUE = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
START_SECONDS = 60
STOP_SECONDS = 12
READ_ONLY = {"status", "uid", "creationTimestamp"}

Json = dict[str, Any]


def secret(value: Any) -> Json:
    """The wire form of a secret."""
    return {SECRET_MARK: SECRET_VALUE, "value": value}


def clear_text(value: Any) -> list[str]:
    """Every text that is not inside a secret."""
    if isinstance(value, dict):
        if value.get(SECRET_MARK) == SECRET_VALUE:
            return []
        return [text for item in value.values() for text in clear_text(item)] + list(value)
    if isinstance(value, list):
        return [text for item in value for text in clear_text(item)]
    return [str(value)]


def _struct(value: Json) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(value)
    return message


def _plain(message: struct_pb2.Struct) -> Json:
    return json_format.MessageToDict(message)


class RefusedError(Exception):
    """The plugin would not do it."""


class NotReadyError(Exception):
    """The plugin made an object that did not become ready; this is what the engine records of it."""

    def __init__(self, id_: str, outputs: Json, reasons: list[str]) -> None:
        super().__init__(reasons)
        self.id, self.outputs, self.reasons = id_, outputs, reasons


@dataclass
class Difference:
    changes: bool
    replaces: list[str]
    paths: dict[str, str]
    delete_first: bool


@dataclass
class Resource:
    """One resource as the engine's state holds it."""

    plugin: "Plugin"
    type: str
    name: str
    id: str = ""
    inputs: Json = field(default_factory=dict[str, Any])
    outputs: Json = field(default_factory=dict[str, Any])

    @property
    def urn(self) -> str:
        return f"urn:pulumi:{self.plugin.stack}::test::kubernetes:{self.type}::{self.name}"

    def check(self, wanted: Json, seed: bytes = b"") -> Json:
        answer = self.plugin.call(
            "Check",
            provider_pb2.CheckRequest(
                urn=self.urn, olds=_struct(self.inputs), news=_struct(wanted), randomSeed=seed or uuid.uuid4().bytes
            ),
        )
        if answer.failures:
            raise RefusedError("; ".join(f"{failure.property} {failure.reason}" for failure in answer.failures))
        return _plain(answer.inputs)

    def diff(self, wanted: Json, *, checked: bool = False) -> Difference:
        inputs = wanted if checked else self.check(wanted)
        answer = self.plugin.call(
            "Diff",
            provider_pb2.DiffRequest(
                id=self.id,
                urn=self.urn,
                olds=_struct(self.outputs),
                old_inputs=_struct(self.inputs),
                news=_struct(inputs),
            ),
        )
        kinds = provider_pb2.PropertyDiff.Kind
        return Difference(
            answer.changes == provider_pb2.DiffResponse.DIFF_SOME,
            sorted(answer.replaces),
            {path: kinds.Name(change.kind) for path, change in answer.detailedDiff.items()},
            answer.deleteBeforeReplace,
        )

    def create(self, wanted: Json, *, timeout: float = 60, preview: bool = False) -> "Resource":
        inputs = self.check(wanted)
        request = provider_pb2.CreateRequest(urn=self.urn, properties=_struct(inputs), timeout=timeout, preview=preview)
        try:
            answer = self.plugin.call("Create", request)
        except NotReadyError as error:
            self.id, self.inputs, self.outputs = error.id, inputs, error.outputs
            raise
        self.outputs = _plain(answer.properties)
        if not preview:
            self.id, self.inputs = answer.id, inputs
        return self

    def update(self, wanted: Json, *, timeout: float = 60, preview: bool = False) -> Json:
        inputs = self.check(wanted)
        request = provider_pb2.UpdateRequest(
            id=self.id,
            urn=self.urn,
            olds=_struct(self.outputs),
            old_inputs=_struct(self.inputs),
            news=_struct(inputs),
            timeout=timeout,
            preview=preview,
        )
        outputs = _plain(self.plugin.call("Update", request).properties)
        if not preview:
            self.inputs, self.outputs = inputs, outputs
        return outputs

    def refresh(self) -> "Resource":
        answer = self.plugin.call(
            "Read",
            provider_pb2.ReadRequest(
                id=self.id, urn=self.urn, properties=_struct(self.outputs), inputs=_struct(self.inputs)
            ),
        )
        self.id = answer.id
        if answer.id:
            self.inputs, self.outputs = _plain(answer.inputs), _plain(answer.properties)
        return self

    def take(self, id_: str) -> "Resource":
        """Imports an object that exists."""
        self.id, self.inputs, self.outputs = id_, {}, {}
        return self.refresh()

    def delete(self, *, timeout: float = 60) -> None:
        request = provider_pb2.DeleteRequest(
            id=self.id,
            urn=self.urn,
            properties=_struct(self.outputs),
            old_inputs=_struct(self.inputs),
            timeout=timeout,
        )
        self.plugin.call("Delete", request)


class Plugin:
    """A running plugin, configured like an explicit provider."""

    def __init__(self, binary: Path, settings: Json) -> None:
        self.stack = f"s{uuid.uuid4().hex[:8]}"
        self.process = subprocess.Popen([binary, "127.0.0.1:9"], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        port = int(self.process.stdout.readline())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)
        request = provider_pb2.CheckRequest(
            urn="urn:pulumi:s::test::pulumi:providers:kubernetes::k", news=_struct(settings)
        )
        self.failures = [failure.reason for failure in self.stub.CheckConfig(request).failures]
        if not self.failures:
            self.stub.Configure(provider_pb2.ConfigureRequest(args=_struct(settings), acceptSecrets=True))

    def resource(self, type_: str, name: str = "it") -> Resource:
        return Resource(self, type_, name)

    def call(self, method: str, request: Any) -> Any:
        """Calls and turns the two kinds of failure into exceptions."""
        try:
            return getattr(self.stub, method)(request, timeout=300)
        except grpc.RpcError as error:
            call: Any = error  # what is raised is also the call, which grpc's types do not say
            metadata = dict(call.trailing_metadata() or ())
            status = status_pb2.Status.FromString(metadata.get("grpc-status-details-bin", b""))
            for packed in status.details:
                detail = provider_pb2.ErrorResourceInitFailed()
                if packed.Unpack(detail):
                    raise NotReadyError(detail.id, _plain(detail.properties), list(detail.reasons)) from error
            raise RefusedError(call.details()) from error

    def stop(self) -> None:
        self.channel.close()
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(STOP_SECONDS) == 0


class Kubelite:
    """A control plane in a directory of its own."""

    def __init__(self, binary: Path, directory: Path, crds: Path | None = None) -> None:
        self.binary, self.directory, self.crds = binary, directory, crds
        self.port, self.etcd_port, self.peer_port = free(), free(), free()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    def start(self) -> float:
        """Starts and returns the seconds until it was ready."""
        began = time.monotonic()
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "ready").unlink(missing_ok=True)  # a killed one leaves it, and this must not be believed
        options = {"port": self.port, "etcd-port": self.etcd_port, "etcd-peer-port": self.peer_port}
        command = [self.binary, f"--dir={self.directory}", *(f"--{name}={port}" for name, port in options.items())]
        if self.crds:
            command.append(f"--crds={self.crds}")
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        while not (self.directory / "ready").exists():
            assert self.process.poll() is None, (self.directory / "log").read_text()[-2000:]
            assert time.monotonic() - began < START_SECONDS, "the control plane did not become ready"
            time.sleep(0.05)
        return time.monotonic() - began

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ends it and returns the seconds that it took."""
        began = time.monotonic()
        if self.process:
            self.process.send_signal(number)
            self.process.wait(STOP_SECONDS)
        return time.monotonic() - began

    def api(self, token: str = "") -> client.ApiClient:
        """A client of the administrator, or of whoever holds the token."""
        settings = client.Configuration()
        config.load_kube_config(str(self.kubeconfig), client_configuration=settings)
        settings.refresh_api_key_hook = None  # it would put the administrator's token back
        if token:
            settings.api_key = {"authorization": f"Bearer {token}"}
        return client.ApiClient(settings)

    # The generated client wants its own models where it takes plain objects as well, and calls every field optional.
    @property
    def core(self) -> Any:
        return client.CoreV1Api(self.api())

    @property
    def apps(self) -> Any:
        return client.AppsV1Api(self.api())

    @property
    def rbac(self) -> Any:
        return client.RbacAuthorizationV1Api(self.api())

    @property
    def networking(self) -> Any:
        return client.NetworkingV1Api(self.api())

    def objects(self, version: str, kind: str) -> Any:
        """The dynamic client of a kind."""
        return dynamic.DynamicClient(self.api()).resources.get(api_version=version, kind=kind)


@pytest.fixture(scope="session")
def binary() -> Callable[[str], Path]:
    """Finds a binary: in TENANTRY_BIN, or where `make build` puts it."""

    def find(name: str) -> Path:
        folder = os.environ.get("TENANTRY_BIN")
        (target,) = [target for target in TARGETS if target.binary == name]
        path = Path(folder, name) if folder else path_of(target)
        assert path.exists(), f"{name} is not built: run `make build`, or set TENANTRY_BIN to a folder that has it"
        return path

    return find


@pytest.fixture(scope="package")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one definition of a kind of our own."""
    folder = tmp_path_factory.mktemp("crds")
    (folder / "room.yaml").write_text(ROOM)
    return folder


@pytest.fixture(scope="package")
def kubelite(
    binary: Callable[[str], Path], definitions: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kubelite]:
    server = Kubelite(binary("kubelite"), tmp_path_factory.mktemp("kubelite"), definitions)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def start_plugin(binary: Callable[[str], Path]) -> Iterator[Callable[[Json], Plugin]]:
    started: list[Plugin] = []

    def start(settings: Json) -> Plugin:
        started.append(Plugin(binary("pulumi-resource-kubernetes"), settings))
        return started[-1]

    yield start
    for plugin in started:
        if plugin.process.poll() is None:
            plugin.stop()


@pytest.fixture(scope="package")
def plugin(start_plugin: Callable[[Json], Plugin], kubelite: Kubelite) -> Plugin:
    return start_plugin({"kubeconfig": secret(kubelite.kubeconfig.read_text())})


@pytest.fixture
def namespace(kubelite: Kubelite) -> Iterator[str]:
    """A namespace of its own for a test."""
    core = kubelite.core
    name = f"t-{uuid.uuid4().hex[:8]}"
    core.create_namespace({"metadata": {"name": name}})  # pyright: ignore[reportArgumentType] - the client takes mappings too
    yield name
    core.delete_namespace(name)


ROOM = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rooms.house.example.org}
spec:
  group: house.example.org
  scope: Namespaced
  names: {plural: rooms, singular: room, kind: Room}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              floor:
                type: integer
                x-kubernetes-validations: [{rule: "self == oldSelf", message: "floor is immutable"}]
              colour: {type: string}
"""
