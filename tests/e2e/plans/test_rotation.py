"""Services switched on and off, credentials rotated under clients that use them, workloads that sleep."""

import hashlib
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from kubernetes import client

from local.instances.throwaway import World
from tenantry.engine.stack.clock import utc_day
from tests.support.four import TENANTS, change, open_four, running, secret, settings_document, until

LATER = "2027-06-01"  # long after every overlap
ELSEWHERE = "urn:pulumi:local::tenantry::tenantry:components:Platform$random:index/randomUuid:RandomUuid::platform-seal"
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def opened(world: World) -> World:
    return open_four(world)


def _workloads(world: World, code: str) -> dict[str, tuple[str, int]]:
    """Name of every Deployment -> what changes when it is made anew, and when it is touched."""
    items = world.kubectl("get", "deployments", "-n", f"tenant-{code}")["items"]
    return {item["metadata"]["name"]: (item["metadata"]["uid"], item["metadata"]["generation"]) for item in items}


def test_services_are_switched_on_and_off_without_touching_others(opened: World) -> None:
    """With them come two keys, whose rotation is below."""
    code = TENANTS["standard"]
    key = "{name: school-bus, scopes: [students-read], expires_at: 2028-08-31}"
    change(opened, code, enabled_services="[enrollment]", features="{apiAccess: true}", api_keys=f"[{key}]")
    change(opened, TENANTS["enterprise"], enabled_services="[enrollment, posters]")
    opened.up()
    until(lambda: running(opened, TENANTS["enterprise"]) == 2, "the autoscaler has not begun")  # it touches it once
    before, neighbours = _workloads(opened, code), _workloads(opened, TENANTS["enterprise"])
    assert before.keys() == {"business-app", "plugin-enrollment"}
    change(opened, code, enabled_services="[enrollment, activities]")
    change(opened, TENANTS["enterprise"], enabled_services="[posters]")
    opened.up()
    after, left = _workloads(opened, code), _workloads(opened, TENANTS["enterprise"])
    assert after["plugin-enrollment"] == before["plugin-enrollment"]
    assert left == {
        "plugin-posters": neighbours["plugin-posters"],
        "business-app": (neighbours["business-app"][0], neighbours["business-app"][1] + 1),  # told of it
    }
    deployments = opened.kubectl("get", "deployments", "-n", f"tenant-{code}")["items"]
    assert all(deployment["status"]["availableReplicas"] == 1 for deployment in deployments)
    assert [service["path"] for service in settings_document(opened, code)["services"]] == [
        "/services/enrollment",
        "/services/activities",
    ]


def test_as_many_services_as_fit_are_exchanged_in_one_run(opened: World) -> None:
    """Those that go do so last: until then both are there."""
    code = TENANTS["standard"]
    for services in ("[enrollment, activities, posters]", "[enrollment, messaging, assessments]"):
        change(opened, code, enabled_services=services)
        opened.up()
    assert _workloads(opened, code).keys() == {
        "business-app",
        *(f"plugin-{service}" for service in ("enrollment", "messaging", "assessments")),
    }
    change(opened, code, enabled_services="[enrollment, activities]")
    opened.up()


@dataclass
class Clients:
    """Two that connect anew all the time: one with what it was given at its start, one with what a new pod is given."""

    world: World
    api: client.ApiClient
    code: str
    failed: list[str] = field(default_factory=list[str])
    done: dict[str, int] = field(default_factory=lambda: {"old": 0, "new": 0})
    logins: set[str] = field(default_factory=set[str])
    stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Clients":
        given = self._read()
        self.threads = [
            threading.Thread(target=self._loop, args=("old", lambda: given)),
            threading.Thread(target=self._loop, args=("new", self._read)),
        ]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(30)

    def _read(self) -> dict[str, str]:
        found: Any = client.CoreV1Api(self.api).read_namespaced_secret("business-app", f"tenant-{self.code}")
        return {key: b64decode(value).decode() for key, value in (found.data or {}).items()}

    def _loop(self, name: str, credentials: Callable[[], dict[str, str]]) -> None:
        while not self.stop.is_set():
            try:
                own = credentials()
                with self.world.connect(f"rent{self.code[1:]}", own["DB_USER"], own["DB_PASSWORD"]) as session:
                    session.execute("SELECT count(*) FROM users")
                self.logins.add(own["DB_USER"])
                self.done[name] += 1
            except (psycopg.Error, client.ApiException) as error:
                self.failed.append(f"{name}: {error}")
            time.sleep(0.02)


def _accepted(world: World, code: str) -> dict[str, Any]:
    """By what the platform knows the tenant's tokens, as the bridge and the gateway read it."""
    with world.connect("admin_tenant_management") as session:
        row = session.execute("SELECT settings -> 'tokens' FROM tenants WHERE tenant_id = %s", [code]).fetchone()
    assert row is not None
    return row[0]


def _known(entries: list[dict[str, str]], value: str) -> bool:
    return hashlib.sha256(value.encode()).hexdigest() in {entry["sha256"] for entry in entries}


@pytest.fixture(scope="module")
def before(opened: World) -> dict[str, str]:
    code = TENANTS["standard"]
    return secret(opened, code) | {"school-bus": secret(opened, code, "api-keys")["school-bus"]}


UNREACHED = {
    "failed": ("tenantry", "up", "--stack", "local"),
    "left out": ("pulumi", "up", "--yes", "--skip-preview", "--stack", "local", "--target", ELSEWHERE),
}


@pytest.mark.parametrize("how", UNREACHED)
def test_a_run_that_did_not_reach_it_remembers_no_rotation(opened: World, before: dict[str, str], how: str) -> None:
    """Nine days ago: were it remembered, the next test's run would shut the old login as it makes the new one."""
    code = TENANTS["standard"]
    change(opened, code, credentials="{rotation: 2}")
    day = (utc_day() - timedelta(days=9)).isoformat()
    opened.run("pulumi", "config", "set", "tenantry:today", day, "--stack", "local")
    known = opened.stack_outputs()
    with refusing_its_row(opened, code) if how == "failed" else nullcontext():
        opened.run(*UNREACHED[how], ok=3 if how == "failed" else 0)
    opened.run("pulumi", "config", "rm", "tenantry:today", "--stack", "local")
    after = opened.stack_outputs()
    known.pop("madeFrom")
    assert after.pop("madeFrom") == "", "what did not come to its end is passed by in no run over many stacks"
    assert after == known
    assert "rotations" not in after["tenants"][code]
    assert secret(opened, code)["DB_PASSWORD"] == before["DB_PASSWORD"]


@contextmanager
def refusing_its_row(world: World, code: str) -> Iterator[None]:
    with world.connect("admin_tenant_management") as session:
        session.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused by the test'; END $$"
        )
        when = f"WHEN (NEW.tenant_id = '{code}')"
        session.execute(
            f"CREATE TRIGGER refuse BEFORE UPDATE ON tenants FOR EACH ROW {when} EXECUTE FUNCTION refuse()".encode()
        )
    try:
        yield
    finally:
        with world.connect("admin_tenant_management") as session:
            session.execute("DROP FUNCTION refuse CASCADE")


def test_a_rotation_fails_no_query(opened: World, api: client.ApiClient, before: dict[str, str]) -> None:
    code = TENANTS["standard"]
    change(opened, code, credentials="{rotation: 2}")
    with Clients(opened, api, code) as clients:
        opened.up()
        time.sleep(1)
    print(f"\nrotation: {clients.done['old']} queries with the old login, {clients.done['new']} as a new pod, 0 failed")
    assert clients.failed == []
    assert clients.logins == {"rent001_a", "rent001_b"}
    assert min(clients.done.values()) > 20


def test_until_the_overlap_ends_both_work(opened: World, before: dict[str, str]) -> None:
    code = TENANTS["standard"]
    after, keys, accepted = secret(opened, code), secret(opened, code, "api-keys"), _accepted(opened, code)
    assert all(after[name] != before[name] for name in before if name in after)
    assert after["JWT_SECRET_PREVIOUS"] == before["JWT_SECRET"]
    assert keys["school-bus.previous"] == before["school-bus"] != keys["school-bus"]
    for entries, values in (
        (accepted["ai"], (after["AI_TOKEN"], before["AI_TOKEN"])),
        (accepted["unifiedTenantApi"], (after["UNIFIED_TENANT_API_KEY"], before["UNIFIED_TENANT_API_KEY"])),
        (accepted["apiKeys"]["school-bus"]["accepted"], (keys["school-bus"], before["school-bus"])),
    ):
        assert all(_known(entries, value) for value in values)
        assert [("until" in entry) for entry in entries] == [False, True]
    with opened.connect() as session:
        rows = session.execute(
            "SELECT rolname, rolcanlogin, rolvaliduntil = 'infinity', rolvaliduntil > now() + interval '6 days'"
            " FROM pg_roles WHERE rolname LIKE 'rent001\\__' ORDER BY 1"
        ).fetchall()
    assert rows == [("rent001_a", True, False, True), ("rent001_b", True, True, True)]


def test_after_the_overlap_the_old_ones_are_refused(opened: World, before: dict[str, str]) -> None:
    code = TENANTS["standard"]
    workloads = _workloads(opened, code)
    held = opened.connect("rent001", before["DB_USER"], before["DB_PASSWORD"])
    opened.run("pulumi", "config", "set", "tenantry:today", LATER, "--stack", "local")
    opened.up()
    with pytest.raises(psycopg.OperationalError):
        held.execute("SELECT 1")
    after, keys, accepted = secret(opened, code), secret(opened, code, "api-keys"), _accepted(opened, code)
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        opened.connect("rent001", before["DB_USER"], before["DB_PASSWORD"])
    opened.connect("rent001", after["DB_USER"], after["DB_PASSWORD"]).close()
    assert "JWT_SECRET_PREVIOUS" not in after
    assert keys.keys() == {"school-bus"}
    assert not _known(accepted["ai"], before["AI_TOKEN"])
    assert not _known(accepted["apiKeys"]["school-bus"]["accepted"], before["school-bus"])
    assert _known(accepted["ai"], after["AI_TOKEN"])
    assert _workloads(opened, code) == workloads, "nothing starts anew when an overlap ends"


def test_with_keda_workloads_sleep(opened: World) -> None:
    """Made, taken by the API server and left alone; there is no KEDA here to act on them."""
    change(opened, TENANTS["standard"], sleep='{awake: {from: "06:30", to: "19:00"}, idle_minutes: 0}')
    for key, value in (("keda", "true"), ("prometheusUrl", "http://prometheus.monitoring:9090")):
        opened.run("pulumi", "config", "set", f"tenantry:{key}", value, "--stack", "local")
    opened.up()
    items = opened.kubectl("get", "scaledobjects", "-A")["items"]
    specs = {item["metadata"]["namespace"].removeprefix("tenant-"): item["spec"] for item in items}
    triggers = {code: [trigger["type"] for trigger in spec["triggers"]] for code, spec in specs.items()}
    assert triggers == {
        TENANTS["basic"]: ["prometheus"],
        TENANTS["standard"]: ["cron"],
        TENANTS["premium"]: ["cpu"],
        TENANTS["enterprise"]: ["cpu"],
    }
    least = {code: (spec.get("idleReplicaCount"), spec["minReplicaCount"]) for code, spec in specs.items()}
    assert least == dict(zip(TENANTS.values(), ((0, 1), (0, 1), (None, 1), (None, 2)), strict=True))
    assert not opened.kubectl("get", "hpa", "-A")["items"]
    _only_keda_scales(opened)
    summary = next(line for line in opened.up().stdout.splitlines() if "unchanged in" in line)
    assert not [word for word in ("created", "updated", "deleted") if word in summary]


def _only_keda_scales(world: World) -> None:
    """Both accounts have the right; the admission policy lets one of them make use of it."""
    accounts = ("--serviceaccount=keda:keda-operator", "--serviceaccount=keda:another")
    world.run("kubectl", "create", "clusterrolebinding", "scalers", "--clusterrole=edit", *accounts)
    scale = ("kubectl", "scale", "deployment", "business-app", "-n", f"tenant-{TENANTS['standard']}", "--replicas=0")
    refused = world.run(*scale, "--as=system:serviceaccount:keda:another", ok=1)
    assert "how many replicas run is said in the tenant's file" in refused.stderr
    world.run(*scale, "--as=system:serviceaccount:keda:keda-operator")


def test_none_of_the_keys_is_in_clear_in_what_was_written(opened: World) -> None:
    values = {value for code in TENANTS.values() for value in secret(opened, code).values() if len(value) > 20}
    values |= set(secret(opened, TENANTS["standard"], "api-keys").values())
    assert len(values) >= 4 * 4
    places = [path for folder in ("state", "log") for path in (opened.folder / ".local" / folder).rglob("*")]
    texts = [path.read_text(errors="replace") for path in places if path.is_file()]
    texts += [output for output in opened.outputs if '"kind": "Secret"' not in output]
    assert not [value[:4] for value in values for text in texts if value in text]
