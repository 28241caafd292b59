"""A project with a state of its own, an engine that plays a recorded run, and processes to be found dead or alive."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from tenantry.engine.process.engine_starts import Start, Starts, folder_of
from tenantry.engine.process.process_table import boot, machine, namespace, process
from tenantry.engine.run.operations import Operation, Outcome
from tenantry.engine.run.progress import Finding, Progress
from tenantry.engine.stack.project import Project
from tenantry.engine.state.process_lock import key_of

RECORDED = Path(__file__).parent / "events"
STACK = "test"

# Stands in for the engine's command line: the state's file and the event log are those of the real one; what a run does
# is told by a file beside it.
ENGINE = """
import json, os, signal, sys, time
from pathlib import Path

here = Path(__file__).parent
plan = json.loads((here / "plan.json").read_text())
arguments = sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(json.dumps(arguments) + chr(10))
state = Path(os.environ["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi/stacks/shop/test.json"

def option(name):
    return arguments[arguments.index(name) + 1]

def stored():
    return json.loads(state.read_text())["checkpoint"]["latest"]

def read(operation, record, now=None):
    metadata = {"op": operation, "urn": record["urn"], "old": record, "diffs": ["spec"] if operation == "update" else []}
    metadata |= {"new": {**record, "outputs": now}} if now is not None else {}
    return {"resOutputsEvent": {"metadata": metadata}}

def store(latest):
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))

if arguments[:2] == ["stack", "init"]:
    store({})
elif arguments[:2] == ["stack", "export"]:
    print(json.dumps({"version": 3, "deployment": stored()}))
elif arguments[:2] == ["stack", "import"]:
    deployment = json.load(sys.stdin)["deployment"]
    assert not deployment.pop("pending_operations", None), "the real one drops them"
    store(deployment)
elif arguments[:2] == ["stack", "history"]:
    print(json.dumps([{"kind": "update", "result": "succeeded"}]))
elif arguments[0] == "refresh":
    targets = {value for name, value in zip(arguments, arguments[1:]) if name == "--target"}
    targets = targets or set(plan["world"])  # a refresh of everything: what the world says nothing of is as it was
    latest, events = stored(), []
    for record in list(latest["resources"]):
        if record["urn"] in targets:
            said = plan["world"].get(record["urn"])
            if said == "unreachable":
                why = {"urn": record["urn"], "severity": "error", "message": "no connection"}
                events.append({"diagnosticEvent": why})
                events.append({"resOpFailedEvent": {"metadata": {"op": "refresh", "urn": record["urn"]}}})
            elif said is None:
                latest["resources"].remove(record)
                events.append(read("delete", record))
            else:
                events.append(read("same" if record.get("outputs") == said else "update", dict(record), said))
                record["outputs"] = said
                record.pop("initErrors", None)
    if "--preview-only" in arguments:
        assert os.environ["PULUMI_SKIP_CONFIRMATIONS"] == "false", "the real one takes the two for a contradiction"
        latest = {**stored(), "manifest": {"time": plan["meanwhile"]}} if plan["meanwhile"] else stored()
    store(latest)
    Path(option("--event-log")).write_text("".join(json.dumps(event) + chr(10) for event in events))
    sys.exit(1 if any("resOpFailedEvent" in event for event in events) else 0)
elif arguments[0] in ("up", "preview", "destroy"):
    settings = Path(option("--config-file") if "--config-file" in arguments else "Pulumi.test.yaml")
    if settings.exists():  # as the real one does for a stack whose secrets nothing encrypts yet
        settings.write_text(settings.read_text() + "encryptionsalt: v1:new" + chr(10))
    locked = any(Path(os.environ["PULUMI_BACKEND_URL"].removeprefix("file://")).rglob("locks/**/*.json"))
    assert not locked, "the lock of a dead engine must be gone"
    if plan["says"]:
        print(plan["says"], file=sys.stderr)
    if plan["events"]:
        Path(option("--event-log")).write_text(Path(plan["events"]).read_text())
    if plan["waits"]:
        signal.signal(signal.SIGINT, lambda *_: sys.exit(255))
        (here / "waiting").touch()
        time.sleep(60)
    if plan["outputs"] is not None:
        latest = stored()
        stack = {"urn": "urn:pulumi:test::shop::pulumi:pulumi:Stack::shop-test", "type": "pulumi:pulumi:Stack"}
        rest = [one for one in latest.get("resources", []) if one["type"] != stack["type"]]
        latest["resources"] = [{**stack, "outputs": plan["outputs"]}, *rest]
        store(latest)
    if plan["then"]:
        (here / "plan.json").write_text(json.dumps({**plan, "then": None, **plan["then"]}))
    sys.exit(plan["code"])
"""


@dataclass
class Engine:
    """The engine's stand-in: its next acts, and its calls so far."""

    folder: Path

    def says(self, name: str, *events: dict[str, Any]) -> str:
        """The path of an event log with these events."""
        path = self.folder / f"{name}.jsonl"
        path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
        return str(path)

    def plays(self, events: str = "unchanged", **changes: Any) -> None:
        """A recorded run (empty: none), and what differs from one that ends well."""
        plan = {
            "events": str(RECORDED / f"{events}.jsonl") if events and "/" not in events else events,
            "code": 0,
            "says": "",
            "waits": False,
            "outputs": None,
            "world": {},
            "meanwhile": "",  # when a run has changed the record while a refresh read it
            "then": None,  # what is different after the first run
            **changes,
        }
        (self.folder / "plan.json").write_text(json.dumps(plan))

    @property
    def calls(self) -> list[list[str]]:
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def commands(self) -> list[str]:
        """`up`, `stack import` and so on, in order."""
        return [" ".join(call[:2] if call[0] == "stack" else call[:1]) for call in self.calls]


@dataclass
class Scene:
    """A project in a temporary folder, with the environment of its engine."""

    project: Project
    state: Path
    engine: Engine
    environment: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def state_file(self) -> Path:
        return self.state / ".pulumi" / "stacks" / "shop" / f"{STACK}.json"

    def store(self, deployment: dict[str, Any]) -> None:
        self.state_file.parent.mkdir(parents=True, exist_ok=True)
        self.state_file.write_text(json.dumps({"version": 3, "checkpoint": {"latest": deployment}}))

    def stored(self) -> dict[str, Any]:
        return json.loads(self.state_file.read_text())["checkpoint"]["latest"]

    def started(self, pid: int, key: str | None = None, **changes: Any) -> None:
        """Notes the process as an engine that a `tenantry` started here, with what is different about it."""
        key = key or key_of(self.environment["PULUMI_BACKEND_URL"], "shop", STACK)
        starts = Starts(folder_of(self.environment), key)
        found = process(pid)
        start = Start(key, pid, found.started_ticks if found else 1, boot(), namespace(), machine())
        starts.folder.mkdir(parents=True, exist_ok=True)
        (starts.folder / f"{key}-{pid}-1.json").write_text(json.dumps({**asdict(start), **changes}))

    def lock(self, content: str, name: str = "a") -> Path:
        path = self.state / ".pulumi" / "locks" / "organization" / "shop" / STACK / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path


class Listener:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.findings: list[tuple[str, bool]] = []
        self.ticks = 0

    def say(self, text: str) -> None:
        self.said.append(text)

    def report(self, finding: Finding, is_error: bool) -> None:
        self.findings.append((str(finding), is_error))

    def tick(self, progress: Progress, seconds: float) -> None:
        self.ticks += 1


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def scene(tmp_path: Path, good: str) -> Scene:
    """Everything a run needs: project, one good tenant, state folder, engine on PATH."""
    root, tools, state = tmp_path / "project", tmp_path / "bin", tmp_path / "state"
    for folder in (root / "tenants", tools, state, tmp_path / "local"):
        folder.mkdir(parents=True)
    (root / "tenants" / "k001.yaml").write_text(good)
    (root / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    program = tools / "pulumi"
    program.write_text(f"#!{sys.executable}\n{ENGINE}")
    program.chmod(0o755)
    engine = Engine(tools)
    engine.plays()
    environment = {
        "PATH": str(tools),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "correct horse battery",
        "TENANTRY_LOCAL": str(tmp_path / "local"),
        # A database server that refuses every connection at once: these runs have none.
        **{"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "nobody", "PGPASSWORD": "none", "PGSSLMODE": "disable"},
    }
    return Scene(Project(root), state, engine, environment)


@pytest.fixture
def operation(scene: Scene, listener: Listener) -> Callable[[], Operation]:
    return lambda: Operation(scene.project, "test", listener, scene.environment)


@pytest.fixture
def up(operation: Callable[[], Operation]) -> Callable[[], Outcome]:
    return lambda: operation().up()


@pytest.fixture
def recorded() -> Callable[[str], Path]:
    """The event log of a real run, without properties."""
    return lambda name: RECORDED / f"{name}.jsonl"


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts processes that are gone after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
        one = cast("subprocess.Popen[bytes]", subprocess.Popen(arguments, **options))
        started.append(one)
        return one

    yield start
    for entry in started:
        entry.kill()
        entry.wait()


@pytest.fixture
def dead_pid() -> int:
    """The number of a process that has ended."""
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    return ended.pid
