"""Opening tenants: eight steps recorded as they happen, an administrator who can sign in, and no step lost or done
twice.

One world with two tenants; every further one has the engine killed in another step of its opening, of which a run takes
three.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import bcrypt
import psutil
import psycopg
import pytest

from local.instances.throwaway import World
from tenantry.database.onboarding_steps import STEPS
from tenantry.engine.clients.alibaba_rpc import call
from tenantry.names import ADMIN_DATABASE
from tests.e2e.opening.conftest import FIRST, declare
from tests.support.pytest_plugins.sampling import choose
from tests.support.standin import control

KILLED = {f"k{301 + number}": step for number, step in enumerate(STEPS)}
FAILING = "k320"
LATECOMER = "k330"
FORGOTTEN = "k331"
Session = psycopg.Connection[tuple[Any, ...]]


def _steps(session: Session, code: str) -> list[tuple[Any, ...]]:
    return session.execute(
        "SELECT step_name, status, started_at, completed_at, error_message FROM tenant_init_steps "
        "WHERE tenant_id = %s ORDER BY step_order",
        [code],
    ).fetchall()


def _state_of(session: Session, code: str, step: str) -> str:
    return next((row[1] for row in _steps(session, code) if row[0] == step), "")


def _aside(world: World, *command: str) -> Any:
    """Not through `world.run`, whose outputs are scanned for what must never be shown."""
    done = subprocess.run(command, cwd=world.folder, env=world.env, capture_output=True, check=True)
    return json.loads(done.stdout)


def _passwords(world: World) -> dict[str, dict[str, str]]:
    """Code -> login and password, as the state holds them."""
    state = _aside(world, "pulumi", "stack", "export", "--stack", "local", "--show-secrets")
    return {
        resource["urn"].rpartition("::")[2]: json.loads(resource["outputs"]["administrator"]["plaintext"])
        for resource in state["deployment"]["resources"]
        if resource["type"] == "tenantry:components:Tenant"
    }


@contextmanager
def _faulty(world: World, **fault: Any) -> Generator[None]:
    """A fault of the stand-in, for as long as the block runs."""
    control(world, "POST", "faults", fault)
    try:
        yield
    finally:
        control(world, "DELETE", "faults")


@pytest.fixture(scope="module")
def admin(opened: World) -> Generator[Session]:
    with opened.connect(ADMIN_DATABASE) as session:
        yield session


def _assert_open(world: World, admin: Session, code: str, given: dict[str, str]) -> None:
    """Every step once and complete, one of each row, and a password that the account takes."""
    rows = _steps(admin, code)
    assert [row[0] for row in rows] == list(STEPS)
    assert {row[1] for row in rows} == {"completed"}, code
    assert all(begun <= ended and error is None for _, _, begun, ended, error in rows)
    by_name = {row[0]: row for row in rows}
    assert by_name["done"][3] >= max(row[3] for row in rows)
    assert by_name["domain"][3] > max(by_name[name][3] for name in ("database", "schema", "administrator", "storage"))
    progress = "SELECT current_step, total_steps, status, error_message FROM tenant_init_progress WHERE tenant_id = %s"
    assert admin.execute(progress, [code]).fetchall() == [(8, 8, "completed", None)]
    assert admin.execute("SELECT status FROM tenants WHERE tenant_id = %s", [code]).fetchall() == [("active",)]
    assert admin.execute("SELECT count(*) FROM tenant_accounts WHERE tenant_id = %s", [code]).fetchone() == (1,)
    people = admin.execute(
        "SELECT global_users.id, phone, password_hash, must_change_password, tenant_user_id FROM global_users "
        "JOIN global_user_tenant_relations ON global_user_id = global_users.id "
        "WHERE tenant_code = %s AND role_in_tenant = 'tenant_admin'",
        [code],
    ).fetchall()
    assert len(people) == 1, code
    person, phone, kept, must_change, user = people[0]
    assert (phone, must_change) == (given["login"], True)
    assert bcrypt.checkpw(given["password"].encode(), kept.encode()), code
    with world.connect(f"rent{code[1:]}") as session:
        users = session.execute(
            "SELECT users.id, username, global_user_id, password_hash, must_change_password, roles.code FROM users "
            "JOIN user_roles ON user_id = users.id JOIN roles ON roles.id = role_id WHERE roles.code = 'tenant_admin'"
        ).fetchall()
        assert session.execute("SELECT code FROM kindergartens").fetchall() == [(code,)]
    assert users == [(user, given["login"], person, kept, True, "tenant_admin")], code


def test_the_eight_steps_are_recorded_and_the_domain_is_last(opened: World, admin: Session) -> None:
    passwords = _passwords(opened)
    for code in FIRST:
        _assert_open(opened, admin, code, passwords[code])
    assert _aside(opened, "tenantry", "admin-password", "k001", "--json") == passwords["k001"]
    deputy = _aside(opened, "tenantry", "admin-password", "k001", "--administrator", "deputy", "--json")
    with opened.connect("rent001") as session:
        kept = session.execute("SELECT password_hash FROM users WHERE phone = %s", [deputy["login"]]).fetchone()
    assert kept is not None
    assert bcrypt.checkpw(deputy["password"].encode(), kept[0].encode())


def test_status_shows_them(opened: World) -> None:
    document = json.loads(opened.run("tenantry", "status", "--json").stdout)["openings"]
    assert {(result["status"], result["settled"], result["total"]) for result in document.values()} == {
        ("completed", 8, 8)
    }
    assert set(document) == set(FIRST)
    assert opened.run("tenantry", "status").stdout.count("8/8") == len(FIRST)


def test_the_password_stands_nowhere_in_clear(opened: World) -> None:
    passwords = [given["password"] for given in _passwords(opened).values()]
    assert len(passwords) == len(FIRST)
    places = [path for path in (opened.folder / ".local").rglob("*") if path.is_file() and path.stat().st_size < 1e8]
    texts = [*opened.outputs, opened.run("pulumi", "stack", "export", "--stack", "local").stdout]
    texts.append(opened.run("pulumi", "preview", "--stack", "local", "--diff").stdout)
    for password in passwords:
        assert not [text for text in texts if password in text]
        assert not [path for path in places if password.encode() in path.read_bytes()]


def test_twice_is_once(opened: World, admin: Session) -> None:
    before = [_steps(admin, code) for code in FIRST]
    passwords = _passwords(opened)
    again = opened.up()
    assert all(word not in again.stdout for word in ("created", "updated", "deleted"))
    assert [_steps(admin, code) for code in FIRST] == before
    assert _passwords(opened) == passwords


def _engine(process: subprocess.Popen[bytes]) -> psutil.Process | None:
    for child in psutil.Process(process.pid).children(recursive=True):
        if child.name() == "pulumi" and "up" in child.cmdline():
            return child
    return None


def _await(found: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if found():
            return True
        time.sleep(0.01)
    return False


# What holds each step up while it is in progress, so that the engine is killed in the middle of it: a table that
# the step writes to is locked, or the object store and the name service answer late.
LOCKS = {"validate": "tenants", "administrator": "global_users", "ai_models": "tenant_ai_model_configs"}
LATE = {"storage": "oss:PutObject", "domain": "alidns:AddDomainRecord", "database": "ram:CreateRole"}
# These two write to the tenant's row at their end, which is held once the step before is complete.
AFTER = {"schema": "validate", "done": "schema"}


@contextmanager
def _held(
    world: World, code: str, step: str, process: Callable[[], subprocess.Popen[bytes]]
) -> Generator[subprocess.Popen[bytes]]:
    """An up of which the named step will not end before the block does."""
    if step in LATE:
        with _faulty(world, pattern=LATE[step], kind="latency", times=100, seconds=5):
            yield process()
        return
    with world.connect(ADMIN_DATABASE) as holder, holder.transaction():
        if step in LOCKS:
            holder.execute(f"LOCK TABLE {LOCKS[step]} IN SHARE MODE".encode())
        started = process()
        if step in AFTER:
            with world.connect(ADMIN_DATABASE) as other:
                assert _await(lambda: _state_of(other, code, AFTER[step]) == "completed", started)
            holder.execute("SELECT FROM tenants WHERE tenant_id = %s FOR NO KEY UPDATE", [code])
        yield started


def _start(world: World) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["tenantry", "up", "--stack", "local"],
        cwd=world.folder,
        env=world.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill_in(world: World, admin: Session, code: str, step: str) -> bool:
    """Tells whether the engine was killed while the step was in progress."""

    def is_reached() -> bool:
        is_begun = _state_of(admin, code, step) == "in_progress"
        if step == "domain":  # begins with the first wall: wait until the record alone is left
            return is_begun and _state_of(admin, code, "administrator") == "completed"
        return is_begun

    with _held(world, code, step, lambda: _start(world)) as process:
        return _kill(process, is_reached) and _state_of(admin, code, step) == "in_progress"


def _kill(process: subprocess.Popen[bytes], is_reached: Callable[[], bool]) -> bool:
    """Tells whether the engine was killed at that moment."""
    try:
        engine = _engine(process) if _await(is_reached, process) else None
        if engine is not None:
            os.kill(engine.pid, signal.SIGKILL)
        return engine is not None
    finally:
        process.wait(120)


@pytest.fixture(scope="module")
def kills(opened: World, admin: Session, seed: int | None) -> dict[str, bool]:
    """Code -> whether the engine was killed in its step; each next run takes up what the one before left, the last ends
    all."""
    killed: dict[str, bool] = {}
    for code in choose(list(KILLED), 3, seed):
        declare(opened, code)
        killed[code] = _kill_in(opened, admin, code, KILLED[code])
    opened.up()
    return killed


def test_the_engine_was_killed_in_each_step(kills: dict[str, bool]) -> None:
    assert all(kills.values()), kills


def test_every_killed_opening_goes_on_and_ends_complete(opened: World, admin: Session, kills: dict[str, bool]) -> None:
    passwords = _passwords(opened)
    for code in kills:
        _assert_open(opened, admin, code, passwords[code])


def test_after_all_kills_nothing_is_left_to_do(opened: World, kills: dict[str, bool]) -> None:
    again = opened.up()
    assert all(word not in again.stdout for word in ("created", "updated", "deleted"))
    records = [record["rr"] for record in opened.alibaba()["domains"]["yyup.cc"]["records"]]
    assert sorted(records) == sorted([*FIRST, *kills])


@pytest.mark.parametrize(
    ("step", "pattern", "told"),
    [
        ("storage", "oss:PutObject", "directories"),  # by our own provider
        ("domain", "alidns:AddDomainRecord", "dns"),  # by another, so written down by `tenantry up`
    ],
)
def test_a_failing_step_is_told_and_goes_on(
    opened: World, admin: Session, kills: Any, step: str, pattern: str, told: str
) -> None:
    if not opened.tenant_file(FAILING).exists():
        declare(opened, FAILING)
    with _faulty(opened, pattern=pattern, kind="error", times=1000, status=400, code="Forbidden.Test"):
        opened.up(ok=3)
        shown = opened.run("tenantry", "status").stdout
        listed = json.loads(opened.run("tenantry", "status", "--json").stdout)["openings"][FAILING]
        record = opened.alibaba()["domains"]["yyup.cc"]["records"]
    (found,) = [row for row in _steps(admin, FAILING) if row[0] == step]
    assert found[1] == "failed"
    assert found[3] is None
    assert told in found[4].lower()
    assert (listed["status"], listed["failed"]) == ("failed", [step])
    assert f"{FAILING}: opening failed at {step}: " in shown
    assert f"{step} ✗" in shown
    assert FAILING not in {step["rr"] for step in record}, "the domain goes live last"
    assert admin.execute("SELECT status FROM tenants WHERE tenant_id = %s", [FAILING]).fetchone() == ("inactive",)


def test_what_failed_goes_on_when_the_cause_is_gone(opened: World, admin: Session, kills: Any) -> None:
    opened.up()
    _assert_open(opened, admin, FAILING, _passwords(opened)[FAILING])


def test_a_record_that_a_dead_engine_made_late_is_taken(opened: World, admin: Session) -> None:
    """The name service finishes the dead engine's request after the next run has looked, and before that one's own."""

    def is_asked_for() -> bool:
        (fault,) = control(opened, "GET", "faults")["faults"]
        return fault["times"] == 1

    declare(opened, LATECOMER)
    with _faulty(opened, pattern=LATE["domain"], kind="latency", times=2, seconds=20):
        assert _kill(_start(opened), is_asked_for)
        again = opened.up()
    assert "looking again" in again.stderr
    _assert_open(opened, admin, LATECOMER, _passwords(opened)[LATECOMER])
    records = [record["rr"] for record in opened.alibaba()["domains"]["yyup.cc"]["records"]]
    assert records.count(LATECOMER) == 1


def test_a_record_that_came_several_runs_ago_is_taken(opened: World, admin: Session) -> None:
    """Each of those was cut off as well: nothing is left of its request but the record."""
    (like,) = [record for record in opened.alibaba()["domains"]["yyup.cc"]["records"] if record["rr"] == "k001"]
    made = {"DomainName": "yyup.cc", "RR": FORGOTTEN, "Type": "A", "Value": like["value"], "TTL": 600}
    call("alidns.aliyuncs.com", "2015-01-09", "AddDomainRecord", made, opened.env)
    declare(opened, FORGOTTEN)
    assert "looking again" in opened.up().stderr
    _assert_open(opened, admin, FORGOTTEN, _passwords(opened)[FORGOTTEN])
    records = [record["rr"] for record in opened.alibaba()["domains"]["yyup.cc"]["records"]]
    assert records.count(FORGOTTEN) == 1
