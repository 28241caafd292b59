"""Shared by the rooms that register resources: a monitor that records what a program asks the engine for."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pytest
from google.protobuf import json_format
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2 as proto

from local.gateway.choice import SWITCH
from local.instances.throwaway import GARBAGE_PERCENT
from stacks.sdk_overhead import limit_stack_traces
from tenantry.engine.process.garbage import collect_rarely

# Instances have no gateway unless a test asks for one (`throwaway(..., gateway=True)`): most send no requests.
os.environ[SWITCH] = "off"
os.environ.setdefault("GOGC", GARBAGE_PERCENT)  # of control planes and plugins that a test starts by itself
collect_rarely()  # a tenth of the time of tests that record what a program registers
SECRET_MARK = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
UNKNOWN_MARK = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def pytest_make_parametrize_id(val: object) -> str | None:
    """A test's name is one word: a report that ends names at a space still says which test it was."""
    return val.replace(" ", "-") if isinstance(val, str) and val.isprintable() else None


@dataclass(frozen=True)
class Secret:
    """A value that goes to the engine as one to encrypt."""

    value: Any


class Unknown:
    """A value that is not known before the resource is made."""


@dataclass(frozen=True)
class Registered:
    """One registration, as it goes over the wire."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str  # the parent's name; empty for the stack
    provider: str  # the provider's name; empty for a component
    custom: bool
    protect: bool
    ignore_changes: tuple[str, ...]
    after: tuple[str, ...]  # names
    version: str
    secret_outputs: tuple[str, ...]
    delete_first: bool | None  # None: the plugin decides
    delete_timeout: str = ""


@dataclass
class Recording:
    resources: list[Registered] = field(default_factory=list[Registered])
    finished: dict[str, Any] = field(default_factory=dict[str, Any])  # component's name -> its registered outputs
    result: Any = None

    def of(self, type_: str) -> list[Registered]:
        """All whose type ends so, such as Secret."""
        return [resource for resource in self.resources if resource.type.rpartition(":")[2] == type_]

    def one(self, type_: str, name: str | None = None) -> Registered:
        found = [resource for resource in self.of(type_) if name is None or resource.name == name]
        assert len(found) == 1, f"{type_}: {[resource.name for resource in self.of(type_)]}"
        return found[0]

    def named(self, name: str) -> Registered:
        found = [resource for resource in self.resources if resource.name == name]
        assert len(found) == 1, f"{name}: {[resource.name for resource in self.resources]}"
        return found[0]

    def descendants(self, root: str) -> list[Registered]:
        """The named resource and everything below it."""
        inside, grown = {root}, True
        while grown:
            more = {resource.name for resource in self.resources if resource.parent in inside} - inside
            inside |= more
            grown = bool(more)
        return [resource for resource in self.resources if resource.name in inside]

    def all_before(self, name: str) -> set[str]:
        """All resources that the named one waits for, and those that they wait for."""
        after = {resource.name: resource.after for resource in self.resources}
        names: set[str] = set()
        waiting = list(after[name])
        while waiting:
            before = waiting.pop()
            if before not in names:
                names.add(before)
                waiting += after.get(before, ())
        return names


def reveal(value: Any) -> Any:
    """Plain values again, with `Secret` and `Unknown` in the places of the wire's marks."""
    if isinstance(value, dict):
        if value.get(SECRET_MARK[0]) == SECRET_MARK[1]:
            return Secret(reveal(value["value"]))
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return Unknown if value == UNKNOWN_MARK else value


class _Answers(pulumi.runtime.Mocks):
    """An engine that makes everything at once; what a provider generates is recognisable."""

    def __init__(self, preview: bool, stacks: Mapping[str, Mapping[str, Any]]) -> None:
        self.preview, self.stacks = preview, stacks

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise AssertionError(f"no component calls a function of a provider: {args.token}")

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            outputs = dict(self.stacks.get(str(args.resource_id), {}))
            return args.resource_id, {"name": args.resource_id, "outputs": outputs, "secretOutputNames": []}
        if self.preview:
            return None, dict(args.inputs)
        made: dict[str, str] = dict.fromkeys(("result", "secret", "password"), f"generated-{args.name}")
        wanted = {
            "random:index/randomPassword:RandomPassword": ["result"],
            "alicloud:ram/accessKey:AccessKey": ["secret"],
            "tenantry:index:Seed": ["password"],
        }
        told = {"remembered": args.inputs["memory"]} if args.typ == "tenantry:index:Opened" else {}
        return f"{args.name}-id", {**args.inputs, **{key: made[key] for key in wanted.get(args.typ, [])}, **told}


class _Monitor(MockMonitor):
    """`reached` says otherwise of resources by name: False of one that failed or was skipped behind one that did, and
    of one that is not among the run's targets the outputs of the run before, None where there was none."""

    def __init__(
        self, mocks: _Answers, recording: Recording, reached: Mapping[str, Mapping[str, Any] | Literal[False] | None]
    ) -> None:
        super().__init__(mocks)
        self.recording, self.reached = recording, reached

    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            self.recording.resources.append(_registered(request))
        answer = super().RegisterResource(request)
        if request.name not in self.reached:
            return answer
        state = self.reached[request.name]
        answer.object.Clear()
        if state is False:
            answer.id, answer.result = "", proto.FAIL
        elif state is None:
            answer.id = ""
        else:
            answer.object.update(state)
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self.recording.finished[request.urn.rpartition("::")[2]] = reveal(json_format.MessageToDict(request.outputs))
        return super().RegisterResourceOutputs(request)


def _registered(request: Any) -> Registered:
    """References carry the URN, whose last part is the name; a provider's carries its id behind that."""
    root = "pulumi:pulumi:Stack::" in request.parent
    reference = request.provider.split("::")
    return Registered(
        type=request.type,
        name=request.name,
        inputs=reveal(json_format.MessageToDict(request.object)),
        parent="" if root else request.parent.rpartition("::")[2],
        provider=reference[-2] if len(reference) > 1 else "",
        custom=request.custom,
        protect=request.protect,
        ignore_changes=tuple(request.ignoreChanges),
        after=tuple(sorted(urn.rpartition("::")[2] for urn in request.dependencies)),
        version=request.version,
        secret_outputs=tuple(request.additionalSecretOutputs),
        delete_first=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        delete_timeout=request.customTimeouts.delete,
    )


Record = Callable[..., Recording]


@pytest.fixture
def record() -> Iterator[Record]:
    """Runs a program against the recording monitor and gives back what it registered, all of it.

    The assertions stand outside the program, on plain values: inside an output's callback they would be skipped
    whenever the value is not known.
    """

    def run(
        program: Callable[[], Any],
        *,
        preview: bool = False,
        stack: str = "test",
        config: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
        reached: Mapping[str, Mapping[str, Any] | Literal[False] | None] | None = None,
    ) -> Recording:
        recording = Recording()
        mocks = _Answers(preview, stacks or {})
        pulumi.runtime.set_mocks(
            mocks, project="tenantry", stack=stack, preview=preview, monitor=_Monitor(mocks, recording, reached or {}),
            organization="organization",
        )  # fmt: skip
        pulumi.runtime.set_all_config(dict(config or {}), list(secrets))

        def keep() -> Any:
            def store(value: Any) -> None:
                recording.result = value

            return pulumi.Output.from_input(program()).apply(store)

        with limit_stack_traces():  # as in a run: pytest's frames below would take a third of the time
            pulumi.runtime.test(keep)()
        return recording

    yield run
    pulumi.runtime.set_all_config({})
    pulumi.runtime.settings.SETTINGS.dry_run = False  # pyright: ignore[reportAttributeAccessIssue] - a property of the context


@pytest.fixture
def secret_type() -> type[Secret]:
    return Secret


@pytest.fixture
def unknown_places() -> Callable[[Registered], list[str]]:
    """Paths of a resource's inputs that are not known yet, as name.key.key."""

    def search(place: str, value: Any) -> Iterator[str]:
        if value is Unknown:
            yield place
        elif isinstance(value, Secret):
            yield from search(place, value.value)
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from search(f"{place}.{key}", item)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from search(f"{place}[{index}]", item)

    return lambda one: list(search(one.name, one.inputs))
