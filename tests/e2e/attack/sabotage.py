"""Ways to take a single control from a live system, each undone at the end."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from local.instances.throwaway import World
from tenantry.engine.clients.alibaba_rpc import call
from tenantry.engine.clients.dns_records import records_of

SPACE = "tenant-k001"
CONFLICTS = 20  # a controller writes the status of what is being replaced

Sabotage = Callable[[World], AbstractContextManager[None]]


def sql(do: str, undo: str, database: str = "postgres") -> Sabotage:
    @contextmanager
    def run(world: World) -> Iterator[None]:
        with world.connect(database) as connection:
            connection.execute(do)  # pyright: ignore[reportArgumentType, reportCallIssue]  (a constant of this file)
        try:
            yield
        finally:
            with world.connect(database) as connection:
                connection.execute(undo)  # pyright: ignore[reportArgumentType, reportCallIssue]  (as above)

    return run


def password(login: str) -> Sabotage:
    """A login role gives itself another password, as it may, and then has the first one again."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        with world.connect("postgres") as connection:
            kept = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [login]).fetchone()
            assert kept
            connection.execute(f"ALTER ROLE {login} PASSWORD 'mine'".encode())
        try:
            yield
        finally:
            with world.connect("postgres") as connection:
                connection.execute(f"ALTER ROLE {login} PASSWORD '{kept[0]}'".encode())

    return run


def gone(kind: str, name: str, namespace: str | None = SPACE) -> Sabotage:
    """Removes an object, and puts it back as it was."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        place = ("-n", namespace) if namespace else ()
        kept = world.kubectl("get", kind, name, *place)
        world.run("kubectl", "delete", kind, name, *place)
        try:
            yield
        finally:
            _restore(world, kept, "create")

    return run


def changed(kind: str, name: str, patch: Any, namespace: str | None = SPACE) -> Sabotage:
    """Patches an object (a list: JSON patch), and replaces it by what it was."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        place = ("-n", namespace) if namespace else ()
        kept = world.kubectl("get", kind, name, *place)
        how = "json" if isinstance(patch, list) else "merge"
        world.run("kubectl", "patch", kind, name, *place, "--type", how, "-p", json.dumps(patch))
        try:
            yield
        finally:
            _restore(world, kept, "replace")

    return run


def together(*several: Sabotage) -> Sabotage:
    """Takes several away, where one control stands before another."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        with ExitStack() as stack:
            for sabotage in several:
                stack.enter_context(sabotage(world))
            yield

    return run


def made(thing: dict[str, Any]) -> Sabotage:
    """Something that must not be there."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        _apply(world, thing, "create")
        try:
            yield
        finally:
            _apply(world, thing, "delete")

    return run


def _restore(world: World, kept: dict[str, Any], verb: str) -> None:
    for key in ("resourceVersion", "uid", "creationTimestamp", "generation"):
        kept["metadata"].pop(key, None)
    _apply(world, kept, verb)


def _apply(world: World, thing: dict[str, Any], verb: str) -> None:
    file = world.folder / ".local" / "mutation.json"
    file.write_text(json.dumps(thing))
    for left in reversed(range(CONFLICTS)):
        done = world.run("kubectl", verb, "-f", str(file), ok=None if left else 0)
        if "(Conflict)" not in done.stderr:
            assert done.returncode == 0, done.stderr
            break


def ram(change: Callable[[Any], None]) -> Sabotage:
    """Changes the policy of k001's role."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        kept = _rpc(world, "GetPolicy", PolicyName=SPACE, PolicyType="Custom")["DefaultPolicyVersion"]["PolicyDocument"]
        document = json.loads(kept)
        change(document)
        _keep(world, json.dumps(document))
        try:
            yield
        finally:
            _keep(world, kept)

    return run


def trusting(change: Callable[[Any], None], of: str = SPACE, as_: str = SPACE) -> Sabotage:
    """A role trusts those whom another does, or who comes of a change to that."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        kept, document = _trust(world, of), json.loads(_trust(world, as_))
        change(document)
        _rpc(world, "UpdateRole", RoleName=of, NewAssumeRolePolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            _rpc(world, "UpdateRole", RoleName=of, NewAssumeRolePolicyDocument=kept)

    return run


def record(name: str, value: str) -> Sabotage:
    """A DNS record of somebody else's beside a tenant's own."""
    dns = ("alidns.aliyuncs.com", "2015-01-09")

    @contextmanager
    def run(world: World) -> Iterator[None]:
        wanted = {"DomainName": "yyup.cc", "RR": name, "Type": "A", "Value": value}
        added = call(*dns, "AddDomainRecord", wanted, world.env)["RecordId"]
        try:
            yield
        finally:
            call(*dns, "DeleteDomainRecord", {"RecordId": added}, world.env)

    return run


def rpc(action: str, do: dict[str, str], undo: dict[str, str], back: str = "") -> Sabotage:
    """One request to RAM, and another that takes it back."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        _rpc(world, action, **do)
        try:
            yield
        finally:
            _rpc(world, back or action, **undo)

    return run


def switched_off(host: str) -> Sabotage:
    """The A record of a host answers no more, and then again."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        rr, _, zone = host.partition(".")
        (record,) = records_of({"domainName": zone, "rr": rr, "type": "A"}, world.env)
        _switch(world, record, "Disable")
        try:
            yield
        finally:
            _switch(world, record, "Enable")

    return run


def _switch(world: World, record: dict[str, Any], status: str) -> None:
    named = {"RecordId": record["RecordId"], "Status": status}
    call("alidns.aliyuncs.com", "2015-01-09", "SetDomainRecordStatus", named, world.env)


def _trust(world: World, role: str) -> str:
    return _rpc(world, "GetRole", RoleName=role)["Role"]["AssumeRolePolicyDocument"]


def _keep(world: World, document: str) -> None:
    named = {"PolicyName": SPACE, "PolicyType": "Custom"}
    _rpc(world, "CreatePolicyVersion", PolicyName=SPACE, PolicyDocument=document, SetAsDefault="true")
    for version in _rpc(world, "ListPolicyVersions", **named)["PolicyVersions"]["PolicyVersion"]:
        if not version["IsDefaultVersion"]:
            _rpc(world, "DeletePolicyVersion", PolicyName=SPACE, VersionId=version["VersionId"])


def _rpc(world: World, action: str, **parameters: str) -> Any:
    request = CommonRequest(domain="ram.aliyuncs.com", version="2015-05-01", action_name=action)
    request.set_method("POST")
    request.set_protocol_type("http")
    for name, value in parameters.items():
        request.add_query_param(name, value)
    env, proxy = world.env, world.env["TENANTRY_ALIBABA_PROXY"]
    client = AcsClient(env["ALICLOUD_ACCESS_KEY"], env["ALICLOUD_SECRET_KEY"], "cn-guangzhou", proxy={"http": proxy})
    return json.loads(client.do_action_with_exception(request) or "{}")
