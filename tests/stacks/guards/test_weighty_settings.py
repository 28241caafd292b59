"""A change of what moves or replaces data or everybody's workload: asked for twice, and remembered when it is done."""

import asyncio
import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pulumi
import pytest

from stacks import program
from stacks.config import ROOT
from stacks.guards import ending
from stacks.guards.ending import came_to_its_end
from stacks.guards.engine_command import EngineCommand
from stacks.guards.weighty_foundation import DECLARED, ONLY_LESS, fields
from stacks.guards.weighty_settings import HARMLESS, WEIGHTY, allowed, place_of
from stacks.settings import SECRETS, Settings
from tenantry.model.resources.catalogue import SETTINGS as SYSTEM_SETTINGS
from tenantry.model.resources.stack_settings import examples
from tenantry.spec.setting_keys import FOUNDATION, unknown_setting
from tests.components.foundation.conftest import ADOPTED, MADE
from tests.stacks.conftest import ME

SETTINGS = {str(field.alias) for field in Settings.model_fields.values()} | set(SECRETS)
SHARED_CACHE = "redisUrl"
# Setting -> another value than the default.
OTHERS: Mapping[str, Any] = {
    "holds": ["cells"],
    "zone": "example.com",
    "gatewayAddress": "192.0.2.11",
    "gatewayNamespace": "entry",
    "gatewayName": "other",
    "gatewayClass": "other",
    "gatewayController": "example.com/other",
    "databaseHost": "other.internal",
    "databasePort": 5433,
    "appDatabaseHost": "other.internal",
    "appDatabasePort": 5433,
    "clusterName": "other",
    "accountId": "42",
    "systemBucket": "othersystem",
    "systemRegion": "cn-hangzhou",
    "photoBucket": "otherphotos",
    "photoRegion": "cn-hangzhou",
    "backupBucket": "otherbackups",
    "backupRegion": "cn-hangzhou",
    "oidcIssuer": "https://issuer.example.com",
    "oidcProvider": "other",
    "systemKmsKey": "key-1",
    "photoKmsKey": "key-2",
    "backupKmsKey": "key-3",
    **{key: value for key, value in examples(SYSTEM_SETTINGS).items() if key in WEIGHTY},
}
# Field of a foundation that is made -> another value; of one that is adopted -> another value.
OTHERS_MADE: Mapping[str, Any] = {
    "name": "other",
    "zones": ["cn-guangzhou-a", "cn-guangzhou-c"],
    "network.cidr": "10.80.0.0/16",
    "encryption.cluster": "key-1",
    "encryption.database": "key-2",
    "encryption.system": "key-3",
    "encryption.photos": "key-4",
    "encryption.backups": "key-5",
    "logging.adopt": "other-logs",
    "logging.retentionDays": 180,
    "cluster.version": "1.34.1-aliyun.1",
    "cluster.serviceCidr": "172.22.0.0/20",
    "cluster.nodes.largest": 5,
    "databaseServer.instanceType": "pg.x4.large.2c",
    "databaseServer.engineVersion": "17.0",
    "databaseServer.backupDays": 7,
    "databaseServer.withoutParameters": ["reserved_connections"],
    "audit.adopt": "other-trail",
    "audit.retentionDays": 180,
    "registry.adopt": "registry.example.com/other",
    "registry.namespace": "other",
}
OTHERS_ADOPTED: Mapping[str, Any] = {
    "network.adopt.vpc": "vpc-2",
    "network.adopt.cidr": "10.16.0.0/16",
    "network.adopt.nodeSwitches": ["vsw-1", "vsw-9"],
    "network.adopt.podSwitches": ["vsw-3", "vsw-9"],
    "network.adopt.databaseSwitches": ["vsw-5", "vsw-9"],
    "cluster.adopt": "c2",
    "databaseServer.adopt": "pgm-2",
}
WITH_MORE_DAYS = {"logging": {"retentionDays": 365}}  # than the least: of these only less counts


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", texts.append)
    return texts


@pytest.fixture
def outputs(project: dict[str, Any]) -> dict[str, Any]:
    """The outputs that a run with the defaults leaves."""
    defaults = {key: project["config"][key]["default"] for key in OTHERS}
    return {"settings": {key: as_text(value) for key, value in defaults.items()}}


def as_text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value or "")


@pytest.fixture
def nothing_registered(outputs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.providers, "make", lambda config: pytest.fail("something was registered"))


def test_every_key_is_either_weighty_or_harmless() -> None:
    every = {*SETTINGS, SHARED_CACHE, FOUNDATION, *fields()}
    assert WEIGHTY.keys() | HARMLESS.keys() == every
    assert not WEIGHTY.keys() & HARMLESS.keys()
    assert all(WEIGHTY.values())
    assert all(HARMLESS.values())
    tried = {FOUNDATION, *(f"{FOUNDATION}.{place}" for place in {**OTHERS_MADE, **OTHERS_ADOPTED})}
    assert OTHERS.keys() | tried == WEIGHTY.keys()
    assert not WEIGHTY.keys() & set(SECRETS)  # what is remembered stands in the outputs in clear


def test_no_other_key_is_one_that_somebody_reads() -> None:
    every = {*SETTINGS, SHARED_CACHE}
    assert unknown_setting(f"tenantry:{FOUNDATION}", every) is None
    assert unknown_setting("tenantry:other", every)
    assert unknown_setting("tenantry-secrets:k001.wechatPayKey", every) is None  # of one tenant, rotated by its file
    assert unknown_setting("tenantry-secrets:other", every)


def test_every_field_of_the_foundation_is_found_in_whatever_it_is_wrapped() -> None:
    places = set(fields())
    assert {"foundation.zones", "foundation.network.adopt.vpc", "foundation.cluster.nodes.largest"} <= places
    assert not places & {"foundation.network", "foundation.network.adopt", "foundation.cluster.nodes"}


@pytest.mark.usefixtures("nothing_registered")
@pytest.mark.parametrize("key", OTHERS)
def test_a_weighty_change_is_refused_before_the_first_call(outputs: Any, refused: Any, tenants: Any, key: str) -> None:
    other = OTHERS[key]
    text = as_text(other)
    told = refused(tenants(k001={}), others={ME: outputs}, **{key: other})
    before = outputs["settings"][key]
    assert "nothing was changed:" in told
    assert f"tenantry:{key}: was {before or 'not set'}, is {text}: {WEIGHTY[key]}" in told
    assert f"`{key}: {before}`" in told
    assert f"`pulumi config set tenantry:allowChange '{key}={text}' --stack test`" in told


def with_field(foundation: Mapping[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy in which the field at the dotted place has another value."""
    changed = deepcopy(dict(foundation))
    *above, name = place.split(".")
    inner = changed
    for part in above:
        inner = inner.setdefault(part, {})
    inner[name] = value
    return changed


def founded(run: Any, folder: Path, foundation: Any, **changes: Any) -> dict[str, Any]:
    """The outputs of a run that made or adopted a foundation."""
    return run(folder, holds=[FOUNDATION], foundation=json.dumps(foundation), **changes).result


@pytest.mark.parametrize(
    ("foundation", "place", "other"),
    [
        *((MADE | WITH_MORE_DAYS, place, other) for place, other in OTHERS_MADE.items()),
        *((ADOPTED, place, other) for place, other in OTHERS_ADOPTED.items()),
    ],
    ids=[*OTHERS_MADE, *OTHERS_ADOPTED],
)
def test_a_weighty_change_of_the_foundation_is_refused_before_the_first_call(
    run: Any, refused: Any, tenants: Any, monkeypatch: pytest.MonkeyPatch, foundation: Any, place: str, other: Any
) -> None:
    folder, key = tenants(k001={}), f"{FOUNDATION}.{place}"
    before = founded(run, folder, foundation)
    changed = json.dumps(with_field(foundation, place, other))
    monkeypatch.setattr(program.providers, "clouds", lambda config: pytest.fail("something was registered"))
    told = refused(folder, others={ME: before}, holds=[FOUNDATION], foundation=changed)
    assert "nothing was changed:" in told
    assert f"tenantry:{key}: was {before['settings'][key] or 'not set'}, is {as_text(other)}: {WEIGHTY[key]}" in told
    assert f"`pulumi config set tenantry:allowChange '{key}={as_text(other)}' --stack test`" in told


def test_a_change_of_the_foundation_that_was_asked_for_twice_is_done_and_remembered(run: Any, tenants: Any) -> None:
    folder, key = tenants(k001={}), "foundation.cluster.version"
    before = founded(run, folder, MADE)
    changed = with_field(MADE, "cluster.version", "1.34.1-aliyun.1")
    asked: Any = {"allowChange": f"{key}=1.34.1-aliyun.1", "others": {ME: before}}
    after = founded(run, folder, changed, **asked)
    assert after["settings"] == {**before["settings"], key: "1.34.1-aliyun.1"}
    failed = founded(run, folder, changed, options={"reached": {"foundation-seal": False}}, **asked)
    assert failed["settings"] == before["settings"]


def test_a_foundation_that_is_taken_out_of_the_settings_is_one_change(run: Any, refused: Any, tenants: Any) -> None:
    folder = tenants(k001={})
    whole = ["foundation", "platform", "cells"]
    before = run(folder, holds=whole, foundation=json.dumps(ADOPTED)).result
    told = refused(folder, others={ME: before}, holds=whole)
    assert f"tenantry:{FOUNDATION}: was {DECLARED}, is not set: {WEIGHTY[FOUNDATION]}" in told
    assert told.count(": was ") == 1
    allowed_by = {"allowChange": f"{FOUNDATION}="}
    after = run(folder, others={ME: before}, holds=whole, **allowed_by).result
    assert after["settings"][FOUNDATION] == ""
    again = run(folder, others={ME: after}, holds=whole, foundation=json.dumps(ADOPTED)).result
    assert again["settings"][FOUNDATION] == DECLARED


@pytest.mark.parametrize("key", sorted(ONLY_LESS))
def test_more_days_or_nodes_take_nothing_away(run: Any, tenants: Any, key: str) -> None:
    folder, place = tenants(k001={}), key.partition(".")[2]
    before = founded(run, folder, MADE)
    more = int(before["settings"][key]) + 100
    after = founded(run, folder, with_field(MADE, place, more), others={ME: before})
    assert after["settings"][key] == str(more)


@pytest.mark.usefixtures("nothing_registered")
def test_several_are_told_at_once_with_one_remedy(outputs: Any, refused: Any, tenants: Any) -> None:
    told = refused(
        tenants(k001={}), others={ME: outputs}, zone="example.com", clusterName="other", allowChange="clusterName=other"
    )
    assert "tenantry:zone: was yyup.cc, is example.com" in told
    assert "tenantry:clusterName: was" not in told
    assert "'clusterName=other zone=example.com'" in told


@pytest.mark.parametrize("problem", ["systemRegion=cn-shenzhen", "photoRegion=cn-hangzhou", "systemRegion="])
def test_another_value_or_setting_allows_nothing(outputs: Any, refused: Any, tenants: Any, problem: str) -> None:
    changed = {"systemRegion": "cn-hangzhou", "allowChange": problem}
    assert "tenantry:systemRegion: was" in refused(tenants(k001={}), others={ME: outputs}, **changed)


@pytest.mark.parametrize("problem", ["systemRegion", "image=x", "systemRegoin=cn-hangzhou", "yes"])
def test_what_allows_nothing_is_told(refused: Any, tenants: Any, problem: str) -> None:
    assert f"tenantry:allowChange: `{problem}` allows nothing" in refused(tenants(k001={}), allowChange=problem)


def test_what_was_asked_for_twice_is_done_told_and_remembered(
    outputs: Any, run: Any, tenants: Any, said: list[str]
) -> None:
    changed = {"systemRegion": "cn-hangzhou", "allowChange": "systemRegion=cn-hangzhou"}
    folder = tenants(k001={})
    after = run(folder, others={ME: outputs}, **changed).result
    assert after["settings"] == {**outputs["settings"], "systemRegion": "cn-hangzhou"}
    assert any("as tenantry:allowChange says:" in text and "is cn-hangzhou" in text for text in said)
    said.clear()
    run(folder, others={ME: after}, **changed)
    assert any("systemRegion is cn-hangzhou already: take it out" in text for text in said)


def test_a_run_that_fails_leaves_the_old_value_in_memory(
    outputs: Any, run: Any, tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    async def failed(ends: Any) -> bool:
        told.append([resource._name for resource in ends])
        return False

    monkeypatch.setattr(ending, "came_to_its_end", failed)
    changed = {"systemRegion": "cn-hangzhou", "allowChange": "systemRegion=cn-hangzhou"}
    after = run(tenants(k001={}, k002={}), others={ME: outputs}, **changed).result
    assert told == [["platform-seal", "k001-opened", "k002-opened"]] * 2  # the settings' and the digest's
    assert after["settings"] == outputs["settings"]
    assert after["tenants"].keys() == {"k001", "k002"}


def test_a_run_without_a_change_waits_for_nothing_and_remembers(
    outputs: Any, run: Any, tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "settings_after", lambda *_: pytest.fail("it waited"))
    after = run(tenants(k001={}), others={ME: outputs}, image="business-app:1.0.1").result
    assert after["settings"] == outputs["settings"]


@pytest.mark.parametrize(("known", "ended"), [(True, True), (False, False)])
def test_the_end_is_reached_when_all_that_stands_last_is_made(record: Any, known: bool, ended: bool) -> None:
    class End:
        id = pulumi.Output.from_input("made") if known else pulumi.Output.from_input(pulumi.UNKNOWN)

    kept: list[bool] = []

    async def main() -> None:
        kept.append(await came_to_its_end([End()]))  # pyright: ignore[reportArgumentType]

    record(main)
    assert kept == [ended]


def test_a_run_that_leaves_some_out_has_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "engine_command", lambda: EngineCommand(("pulumi", "up", "--target", "urn")))
    assert asyncio.run(came_to_its_end([])) is False


def test_the_documents_name_every_weighty_setting() -> None:
    text = (ROOT / "docs" / "stack-settings.md").read_text("utf-8")
    for name, consequence in WEIGHTY.items():
        assert f"| `{name}` | {consequence} |" in text


def test_a_preview_shows_it_with_a_loud_warning(outputs: Any, run: Any, tenants: Any, said: list[str]) -> None:
    options = {"preview": True}
    preview = run(tenants(k001={}), others={ME: outputs}, options=options, clusterName="other")
    assert preview.of("Tenant")
    assert any("`up` will refuse this:" in text and "was tenantry, is other" in text for text in said)


@pytest.mark.parametrize("before", [{}, {"settings": {}}, {"settings": {"zone": "yyup.cc"}}])
def test_what_is_not_remembered_has_not_changed(run: Any, tenants: Any, before: Any) -> None:
    after = run(tenants(k001={}), others={ME: before}, clusterName="other").result
    assert after["settings"]["clusterName"] == "other"


def test_one_more_part_to_hold_is_no_change(run: Any, tenants: Any) -> None:
    folder = tenants(k001={})
    held = run(folder, holds=["platform", "cell/main"]).result
    after = run(folder, others={ME: held}, holds=["platform", "cell/main", "cell/c02"]).result
    assert after["settings"]["holds"] == "platform,cell/main,cell/c02"


def test_the_place_is_the_line_of_the_key(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: tenantry\nconfig:\n  zone:\n    default: x\n  photoRegion: {}\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(
        "# installation\nconfig:\n  tenantry:zone: example.com\n"
        "  tenantry:foundation:\n    zones: [a, b]\n    network: {cidr: 10.0.0.0/16}\n"
    )
    assert place_of("zone", "prod", tmp_path) == "Pulumi.prod.yaml:3: tenantry:zone"
    assert place_of("photoRegion", "prod", tmp_path) == "Pulumi.yaml:5: tenantry:photoRegion"
    assert place_of("other", "prod", tmp_path) == "Pulumi.prod.yaml: tenantry:other"
    assert place_of("foundation.network.cidr", "prod", tmp_path) == (
        "Pulumi.prod.yaml:6: tenantry:foundation.network.cidr"
    )
    assert place_of("foundation.cluster.adopt", "prod", tmp_path) == (
        "Pulumi.prod.yaml:4: tenantry:foundation.cluster.adopt"
    )
    assert place_of("accountId", "prod", ROOT).startswith("Pulumi.prod.yaml:")


def test_several_may_be_allowed() -> None:
    assert allowed("zone=example.com  databaseHost=") == {"zone": "example.com", "databaseHost": ""}
    assert allowed(None) == {}
