"""Rules for every resource: checks, previews, secrets, errors, and that nothing is done when nothing changed."""

import json
import threading
import time
from typing import Any

import pytest
from google.protobuf import empty_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import proto, rpc

from provider.values import plain, wrapped

UNKNOWN = rpc.UNKNOWN
SEED = {"database": "nowhere", "kindergarten": {"code": "k001", "name": "x"}}
DELETION = {
    "adminDatabase": "nowhere",
    "code": "k001",
    "database": "nowhere",
    "prefix": "kindergarten/rent/13800138001/",
    "buckets": {"nowhere": "cn-shanghai"},
    "vault": {"bucket": "nowhere", "region": "cn-beijing"},
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "Migrations": {"database": "nowhere", "set": "admin", "digest": "abc"},
    "CloneRights": {
        "database": "nowhere",
        "owner": "nowhere",
        "logins": ["nowhere_a"],
        "statementTimeout": 30,
        "idleTimeout": 60,
    },
    "Seed": SEED,
    "TenantRow": {
        "adminDatabase": "nowhere",
        "tenantId": "k001",
        "name": "x",
        "domain": "k001.yyup.cc",
        "databaseName": "rent001",
        "status": "active",
        "planType": "basic",
        "maxUsers": 1,
        "maxStorage": 1,
    },
    "Directories": {"objects": {"nowhere": ["a/"]}, "regions": {"nowhere": "cn-shanghai"}},
    "ClosedDatabases": {"databases": ["nowhere"]},
    "ReadGrants": {"database": "nowhere", "login": "reader", "columns": {"tenants": ["tenant_id"]}},
    "Opened": {"opening": {"database": "nowhere", "tenant": "k001"}},
    "Sessions": {"database": "nowhere", "logins": ["nowhere_a"]},
    "Backup": {
        **DELETION,
        "deletedAt": "2026-10-01",
        "names": {"domain": "k001.yyup.cc", "namespace": "tenant-k001", "role": "tenant-k001"},
    },
}
every_kind = pytest.mark.parametrize("kind", EXAMPLES)


@every_kind
def test_checks_take_complete_inputs_and_name_what_is_wrong(plugin, kind: str) -> None:
    example = EXAMPLES[kind]
    assert plugin.check(kind, example) == {}
    first = next(iter(example))
    assert plugin.check(kind, {key: value for key, value in example.items() if key != first}) == {
        first: "is missing: give it a value"
    }
    assert list(plugin.check(kind, {**example, first: True})) == [first]
    assert list(plugin.check(kind, {**example, "surprise": "x"})) == ["surprise"]


@every_kind
def test_unknown_and_secret_inputs_pass_the_check(plugin, kind: str) -> None:
    example = EXAMPLES[kind]
    assert plugin.check(kind, dict.fromkeys(example, UNKNOWN)) == {}
    secret = {key: wrapped(value).with_secret(True) for key, value in example.items()}
    assert plugin.check(kind, secret) == {}


@every_kind
def test_previews_reach_for_nothing(plugin_process, kind: str) -> None:
    plugin_process.configure(
        postgresql={"host": "192.0.2.1", "port": 1, "username": "x", "password": "x"},
        alibaba={"accessKey": "x", "secretKey": "x", "proxy": "http://192.0.2.1:1"},
    )
    started = time.monotonic()
    state = plugin_process.create(kind, EXAMPLES[kind], preview=True)
    assert state.identity == ""
    assert EXAMPLES[kind].items() <= state.outputs.items()
    plugin_process.update(kind, state, EXAMPLES[kind], preview=True)
    plugin_process.create(kind, dict.fromkeys(EXAMPLES[kind], UNKNOWN), preview=True)
    assert time.monotonic() - started < 8  # one connection to nobody alone would take ten


def test_what_only_the_update_tells_is_unknown_in_a_preview(plugin) -> None:
    assert plugin.create("Migrations", EXAMPLES["Migrations"], preview=True).outputs["version"] == UNKNOWN


@every_kind
def test_unchanged_is_unchanged_and_costs_next_to_nothing(plugin, kind: str) -> None:
    state = plugin.create(kind, EXAMPLES[kind], preview=True)
    state.outputs |= {"drift": []} if "drift" in state.outputs else {}
    rounds: list[float] = []
    for _ in range(50):
        started = time.perf_counter()
        assert plugin.check(kind, EXAMPLES[kind]) == {}
        assert plugin.diff(kind, state, EXAMPLES[kind]) == ([], [])
        rounds.append(time.perf_counter() - started)
    assert min(rounds) < 0.05  # about 2 ms, most of it this test's own conversions; a busy machine delays some of them


@every_kind
def test_a_value_that_is_not_known_yet_counts_as_a_change(plugin, kind: str) -> None:
    state = plugin.create(kind, EXAMPLES[kind], preview=True)
    state.outputs |= {"drift": []} if "drift" in state.outputs else {}
    last = list(EXAMPLES[kind])[-1]
    assert plugin.diff(kind, state, {**EXAMPLES[kind], last: UNKNOWN})[0] == [last]


def test_what_came_secret_stays_secret(plugin, server, clone: str) -> None:
    kindergarten = {
        "code": PropertyValue("k001"),
        "name": PropertyValue("x"),
        "contactName": PropertyValue("known only to us").with_secret(True),
    }
    given = {"database": PropertyValue(clone), "kindergarten": PropertyValue(kindergarten)}
    request = proto.CreateRequest(urn=plugin.urn("Seed"), properties=PropertyValue.marshal_map(given))
    answer = plugin.raw("Create", request)
    outputs = PropertyValue.unmarshal_map(answer.properties)
    assert outputs["kindergarten"] == given["kindergarten"]
    request_to_read = proto.ReadRequest(
        urn=plugin.urn("Seed"), id=answer.id, properties=answer.properties, inputs=answer.properties
    )
    read = plugin.raw("Read", request_to_read)
    assert PropertyValue.unmarshal_map(read.properties)["kindergarten"].contains_secret()
    with server.connect(clone) as session:
        session.execute(
            "UPDATE system_config SET value = jsonb_set(value, '{name}', '\"other\"') WHERE config_key = 'seed'"
        )
    state = PropertyValue.unmarshal_map(plugin.raw("Read", request_to_read).properties)["kindergarten"]
    assert plain(state)["name"] == "other"
    assert state.contains_secret()


def test_a_wrong_password_is_told_without_it(plugin, settings, refused, clone: str) -> None:
    plugin.configure(postgresql=settings(password="wrong-but-still-secret"))
    with refused(
        "Seed clone", "authentication failed", "set the provider's username", without="wrong-but-still-secret"
    ):
        plugin.create("Seed", {**SEED, "database": clone})


def test_a_server_that_comes_back_is_waited_for(plugin, server, settings) -> None:
    server.stop()
    try:
        timer = threading.Timer(1.5, server.start)
        timer.start()
        assert plugin.read("Seed", plugin.create("Seed", SEED, preview=True)) is None
        timer.join()
    finally:
        if server.process is None:
            server.start()


def test_a_server_that_stays_away_is_told(plugin, settings, refused) -> None:
    plugin.configure(postgresql=settings(port=1))
    with refused("Seed nowhere: seeding", "check that the server answers"):
        plugin.create("Seed", SEED)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "has no `postgresql` settings"),
        ({"host": "127.0.0.1", "port": 1}, "lack username, password"),
    ],
)
def test_missing_settings_are_told_when_they_are_needed(plugin_process, refused, given: Any, told: str) -> None:
    plugin_process.configure(postgresql=given)
    with refused(told):
        plugin_process.create("Seed", SEED)


def test_settings_that_are_no_json_are_not_quoted(plugin_process, refused) -> None:
    args = PropertyValue.marshal_map({"postgresql": PropertyValue("{password: known-only-to-us")})
    plugin_process.raw("Configure", proto.ConfigureRequest(args=args))
    with refused("no JSON", without="known-only-to-us"):
        plugin_process.create("Seed", SEED)


def test_a_resource_that_does_not_exist_is_told(plugin, refused) -> None:
    with refused("there is no resource tenantry:index:Nothing", "tenantry:index:Seed"):
        plugin.check("Nothing", {})


def test_new_connections_never_replace_the_provider(plugin) -> None:
    one = PropertyValue.marshal_map({"postgresql": PropertyValue("{}")})
    other = PropertyValue.marshal_map({"postgresql": PropertyValue('{"host": "x"}')})
    answer = plugin.raw("DiffConfig", proto.DiffRequest(olds=one, news=other))
    assert answer.changes == proto.DiffResponse.DIFF_SOME
    assert not answer.replaces
    assert plugin.raw("DiffConfig", proto.DiffRequest(olds=one, news=one)).changes == proto.DiffResponse.DIFF_NONE


def test_the_schema_names_every_resource(plugin) -> None:
    schema = json.loads(plugin.raw("GetSchema", proto.GetSchemaRequest()).schema)
    assert sorted(schema["resources"]) == sorted(f"tenantry:index:{kind}" for kind in EXAMPLES)
    for kind, example in EXAMPLES.items():
        assert set(schema["resources"][f"tenantry:index:{kind}"]["requiredInputs"]) == set(example)


def test_a_cancelled_run_ends_what_the_database_is_doing(plugin, server, clone: str, refused) -> None:
    def cancel() -> None:
        with server.connect(clone) as onlooker:
            while not onlooker.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall():
                time.sleep(0.05)
        plugin.raw("Cancel", empty_pb2.Empty())

    with server.connect(clone) as holder, holder.transaction():
        holder.execute("LOCK TABLE system_config IN ACCESS EXCLUSIVE MODE")
        canceller = threading.Thread(target=cancel)
        canceller.start()
        with refused("run again"):  # else it would wait for as long as the table is locked
            plugin.create("Seed", {**SEED, "database": clone})
        canceller.join()
