"""A change of what moves or replaces data or everybody's workload: asked for twice, and remembered when it is done."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from stacks import program
from stacks.config import ROOT
from stacks.guards import ending
from stacks.guards.ending import came_to_its_end, is_partial
from stacks.guards.weighty_settings import HARMLESS, WEIGHTY, allowed, place_of
from stacks.settings import SECRETS, Settings
from tests.stacks.conftest import ME

FIELDS = {str(field.alias) for field in Settings.model_fields.values()}
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
}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", texts.append)
    return texts


@pytest.fixture
def outputs(project: dict[str, Any]) -> dict[str, Any]:
    """What a run with the defaults leaves."""
    defaults = {key: project["config"][key]["default"] for key in WEIGHTY}
    return {"settings": {key: as_text(value) for key, value in defaults.items()}}


def as_text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value or "")


@pytest.fixture
def nothing_registered(outputs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.providers, "make", lambda config: pytest.fail("something was registered"))


def test_every_setting_is_either_weighty_or_harmless() -> None:
    assert WEIGHTY.keys() | HARMLESS.keys() == FIELDS | set(SECRETS)
    assert not WEIGHTY.keys() & HARMLESS.keys()
    assert OTHERS.keys() == WEIGHTY.keys()
    assert not WEIGHTY.keys() & set(SECRETS)  # what is remembered stands in the outputs in clear


@pytest.mark.usefixtures("nothing_registered")
@pytest.mark.parametrize("key", WEIGHTY)
def test_a_weighty_change_is_refused_before_the_first_call(outputs: Any, refused: Any, tenants: Any, key: str) -> None:
    other = OTHERS[key]
    text = as_text(other)
    told = refused(tenants(k001={}), others={ME: outputs}, **{key: other})
    before = outputs["settings"][key]
    assert "nothing was changed:" in told
    assert f"tenantry:{key}: was {before or 'not set'}, is {text}: {WEIGHTY[key]}" in told
    assert f"`{key}: {before}`" in told
    assert f"`pulumi config set tenantry:allowChange '{key}={text}' --stack test`" in told


@pytest.mark.usefixtures("nothing_registered")
def test_several_are_told_at_once_with_one_remedy(outputs: Any, refused: Any, tenants: Any) -> None:
    told = refused(
        tenants(k001={}), others={ME: outputs}, zone="example.com", clusterName="other", allowChange="clusterName=other"
    )
    assert "tenantry:zone: was yyup.cc, is example.com" in told
    assert "tenantry:clusterName: was" not in told
    assert "'clusterName=other zone=example.com'" in told


@pytest.mark.parametrize("wrong", ["systemRegion=cn-shenzhen", "photoRegion=cn-hangzhou", "systemRegion="])
def test_another_value_or_setting_allows_nothing(outputs: Any, refused: Any, tenants: Any, wrong: str) -> None:
    changed = {"systemRegion": "cn-hangzhou", "allowChange": wrong}
    assert "tenantry:systemRegion: was" in refused(tenants(k001={}), others={ME: outputs}, **changed)


@pytest.mark.parametrize("wrong", ["systemRegion", "image=x", "systemRegoin=cn-hangzhou", "yes"])
def test_what_allows_nothing_is_told(refused: Any, tenants: Any, wrong: str) -> None:
    assert f"tenantry:allowChange: `{wrong}` allows nothing" in refused(tenants(k001={}), allowChange=wrong)


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
    assert told == [["platform-seal", "k001-opened", "k002-opened"]]
    assert after["settings"] == outputs["settings"]
    assert after["tenants"].keys() == {"k001", "k002"}


def test_a_run_without_a_change_waits_for_nothing_and_remembers(
    outputs: Any, run: Any, tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "came_to_its_end", lambda *_: pytest.fail("it waited"))
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


@pytest.mark.parametrize("option", ["-t", "--target", "--target=urn", "--exclude", "--target-dependents"])
def test_a_run_that_leaves_some_out_has_no_end(option: str) -> None:
    assert is_partial(("pulumi", "up", option, "urn"))
    assert not is_partial(("pulumi", "up", "--stack", "prod", "--yes"))


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
    (tmp_path / "Pulumi.prod.yaml").write_text("# installation\nconfig:\n  tenantry:zone: example.com\n")
    assert place_of("zone", "prod", tmp_path) == "Pulumi.prod.yaml:3: tenantry:zone"
    assert place_of("photoRegion", "prod", tmp_path) == "Pulumi.yaml:5: tenantry:photoRegion"
    assert place_of("other", "prod", tmp_path) == "Pulumi.prod.yaml: tenantry:other"
    assert place_of("accountId", "prod", ROOT).startswith("Pulumi.prod.yaml:")


def test_several_may_be_allowed() -> None:
    assert allowed("zone=example.com  databaseHost=") == {"zone": "example.com", "databaseHost": ""}
    assert allowed(None) == {}
