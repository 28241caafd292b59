"""The plugin as the engine meets it: a process spoken to by gRPC, with a real server and the stand-in behind it."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import oss2
import pytest
from google.protobuf import empty_pb2, struct_pb2
from psycopg import Connection, sql
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2_grpc

from local.alibaba.temporary import stand_in
from local.postgresql.binaries import binary
from local.postgresql.temporary import TemporaryServer
from provider.values import plain, wrapped

ROOT = Path(__file__).resolve().parents[2]
OWNER = "clone"
LOGINS = ("clone_a", "clone_b")
BUCKETS = {"system-bucket": "cn-guangzhou", "photo-bucket": "cn-shanghai"}
KEYS = {
    "ALICLOUD_ACCESS_KEY": "LTAItestkey",
    "ALICLOUD_SECRET_KEY": "test-secret-key",
    "ALICLOUD_ACCOUNT_ID": "1234567890123456",
}
# Inputs of the resources that open the tenant k001 in the databases `empty` and `clone`.
ADMIN = "empty"  # the database that stands for the administration's
OPENING = {"database": ADMIN, "tenant": "k001"}
KINDERGARTEN = {
    "code": "k001",
    "name": "阳光幼儿园",
    "phone": "13800138001",
    "contactName": "张三",
    "contactEmail": "zhangsan@example.com",
}
TENANT_ROW: dict[str, Any] = {
    "adminDatabase": ADMIN,
    "tenantId": "k001",
    "name": "阳光幼儿园",
    "domain": "k001.yyup.cc",
    "databaseName": "rent001",
    "status": "active",
    "planType": "standard",
    "maxUsers": 300,
    "maxStorage": 1,
    "opening": OPENING,
}
RIGHTS = {
    "database": "clone",
    "owner": "clone",
    "logins": ["clone_a", "clone_b"],
    "statementTimeout": 30,
    "idleTimeout": 60,
    "opening": OPENING,
}


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    marshalled = {key: value if isinstance(value, PropertyValue) else wrapped(value) for key, value in values.items()}
    return PropertyValue.marshal_map(marshalled)


def values(message: struct_pb2.Struct) -> dict[str, Any]:
    return {key: plain(value) for key, value in PropertyValue.unmarshal_map(message).items()}


class Refused(Exception):
    """An error that the engine would show."""


@dataclass
class State:
    identity: str
    outputs: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class Plugin:
    """Calls as the engine makes them, for the resource of one kind."""

    stub: Any
    process: subprocess.Popen[bytes]

    def urn(self, kind: str) -> str:
        return f"urn:pulumi:dev::tests::tenantry:components:Tenant$tenantry:index:{kind}::one"

    def configure(self, postgresql: Any = None, alibaba: Any = None) -> None:
        given = {"postgresql": postgresql, "alibaba": alibaba}
        args = {
            name: PropertyValue(json.dumps(value)).with_secret(True)
            for name, value in given.items()
            if value is not None
        }
        self._call(self.stub.Configure, proto.ConfigureRequest(args=struct(args), acceptSecrets=True))

    def check(self, kind: str, inputs: Mapping[str, Any]) -> dict[str, str]:
        """Property -> what is wrong with it."""
        answer = self._call(self.stub.Check, proto.CheckRequest(urn=self.urn(kind), news=struct(inputs)))
        assert answer.failures or answer.inputs == struct(inputs)
        return {failure.property: failure.reason for failure in answer.failures}

    def diff(self, kind: str, state: State, inputs: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """The properties that change, and those whose change means a replacement."""
        request = proto.DiffRequest(
            urn=self.urn(kind), id=state.identity, olds=struct(state.outputs), news=struct(inputs)
        )
        answer = self._call(self.stub.Diff, request)
        assert (answer.changes == proto.DiffResponse.DIFF_SOME) is bool(answer.diffs)
        return list(answer.diffs), list(answer.replaces)

    def create(self, kind: str, inputs: Mapping[str, Any], preview: bool = False) -> State:
        request = proto.CreateRequest(urn=self.urn(kind), properties=struct(inputs), preview=preview)
        answer = self._call(self.stub.Create, request)
        return State(answer.id, values(answer.properties), dict(inputs))

    def update(self, kind: str, state: State, inputs: Mapping[str, Any], preview: bool = False) -> State:
        request = proto.UpdateRequest(
            urn=self.urn(kind), id=state.identity, olds=struct(state.outputs), news=struct(inputs), preview=preview
        )
        return State(state.identity, values(self._call(self.stub.Update, request).properties), dict(inputs))

    def read(self, kind: str, state: State) -> State | None:
        request = proto.ReadRequest(
            urn=self.urn(kind), id=state.identity, properties=struct(state.outputs), inputs=struct(state.inputs)
        )
        answer = self._call(self.stub.Read, request)
        return State(answer.id, values(answer.properties), values(answer.inputs)) if answer.id else None

    def delete(self, kind: str, state: State) -> None:
        self._call(
            self.stub.Delete,
            proto.DeleteRequest(urn=self.urn(kind), id=state.identity, properties=struct(state.outputs)),
        )

    def raw(self, method: str, request: Any) -> Any:
        return self._call(getattr(self.stub, method), request)

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=120)
        except grpc.RpcError as error:
            raise Refused(error.details()) from None  # pyright: ignore[reportAttributeAccessIssue] - a call that failed


def start_plugin() -> Plugin:
    process = subprocess.Popen(
        [sys.executable, "-u", str(ROOT / "provider"), "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        cwd="/",
        env=os.environ | {"PATH": f"{binary('pg_dump').parent}{os.pathsep}{os.environ['PATH']}"},
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
    return Plugin(stub, process)


@pytest.fixture(scope="package")
def plugin_process() -> Generator[Plugin]:
    made = start_plugin()
    yield made
    made.stub.Cancel(empty_pb2.Empty())
    made.process.terminate()
    made.process.wait(10)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as running:
        running.make_template()
        yield running


def settings(server: TemporaryServer, **changed: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "username": "tenantry",
        "password": server.password,
        "sslmode": "disable",
        **changed,
    }


@pytest.fixture
def plugin(plugin_process: Plugin, server: TemporaryServer) -> Plugin:
    plugin_process.configure(postgresql=settings(server))
    return plugin_process


@pytest.fixture(name="settings")
def settings_fixture(server: TemporaryServer) -> Callable[..., dict[str, Any]]:
    return lambda **changed: settings(server, **changed)


@pytest.fixture
def admin(server: TemporaryServer) -> Generator[Connection]:
    """The administrator's session in the maintenance database."""
    with server.connect() as session:
        yield session


@pytest.fixture
def roles(admin: Connection) -> Generator[None]:
    """An owner without login and two logins in it, as the components make them."""
    admin.execute(f"CREATE ROLE {OWNER} NOLOGIN".encode())
    for login in LOGINS:
        admin.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{login}' IN ROLE {OWNER}".encode())
    yield
    for role in (*LOGINS, OWNER):
        admin.execute(f"DROP ROLE {role}".encode())


@pytest.fixture
def clone(server: TemporaryServer, roles: None) -> Generator[str]:
    """A clone of the template, with nothing given yet."""
    with server.database("clone", "kargerdensales"), server.connect() as session:
        session.execute(b"GRANT clone TO tenantry")
        yield "clone"


@pytest.fixture
def empty(server: TemporaryServer, roles: None) -> Generator[str]:
    """An empty database that belongs to the owner role."""
    with server.database("empty"), server.connect() as session:
        session.execute(sql.SQL("ALTER DATABASE empty OWNER TO {}").format(sql.Identifier(OWNER)))
        yield "empty"
        session.execute(b"ALTER DATABASE empty OWNER TO tenantry")


@dataclass
class Cloud:
    """The Alibaba stand-in, and an administrator's eyes on it."""

    proxy: str
    token: str

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "accessKey": KEYS["ALICLOUD_ACCESS_KEY"],
            "secretKey": KEYS["ALICLOUD_SECRET_KEY"],
            "accountId": KEYS["ALICLOUD_ACCOUNT_ID"],
            "proxy": self.proxy,
        }

    def bucket(self, name: str) -> Any:
        auth = oss2.AuthV4(KEYS["ALICLOUD_ACCESS_KEY"], KEYS["ALICLOUD_SECRET_KEY"])
        region = BUCKETS[name]
        return oss2.Bucket(
            auth,
            f"http://oss-{region}.aliyuncs.com",
            name,
            region=region,
            proxies={"http": self.proxy, "https": self.proxy},
        )

    def keys(self, name: str) -> list[str]:
        return [entry.key for entry in oss2.ObjectIteratorV2(self.bucket(name))]

    def fault(self, **fault: Any) -> None:
        self._control("POST", json.dumps(fault).encode())

    def faults(self) -> list[dict[str, Any]]:
        """Those that have not struck as often as they were to."""
        return self._control("GET")["faults"]

    def _control(self, method: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.proxy}/_tenantry/faults", body, {"X-Tenantry-Control": self.token}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="package")
def cloud_process(tmp_path_factory: pytest.TempPathFactory) -> Generator[Cloud]:
    state = tmp_path_factory.mktemp("alibaba")
    with stand_in(state, KEYS) as proxy:
        yield Cloud(proxy, (state / "control-token").read_text().strip())


@pytest.fixture
def cloud(cloud_process: Cloud) -> Generator[Cloud]:
    """With both buckets, the first with versions; they are emptied and removed at the end."""
    for name in BUCKETS:
        cloud_process.bucket(name).create_bucket()
    cloud_process.bucket("system-bucket").put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    yield cloud_process
    for name in BUCKETS:
        bucket = cloud_process.bucket(name)
        listed = bucket.list_object_versions(max_keys=1000)
        for version in [*listed.versions, *listed.delete_marker]:
            bucket.delete_object(version.key, params={"versionId": version.versionid})
        bucket.delete_bucket()


@pytest.fixture
def refused() -> Callable[..., Any]:
    """A block whose call the plugin refuses, in words that hold all of `parts`, no secret, and nothing of our code."""

    @contextmanager
    def block(*parts: str, without: str = "\0") -> Generator[None]:
        with pytest.raises(Refused) as caught:
            yield
        told = str(caught.value)
        for part in parts:
            assert part in told
        for unwanted in (without, "Traceback", ".py", "Exception"):
            assert unwanted not in told
        assert "\n" not in told

    return block
