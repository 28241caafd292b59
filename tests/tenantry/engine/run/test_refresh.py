"""Things that are gone are read and made again, but for data; a failed run names those that it did not reach."""

from typing import Any

import pytest

from tenantry.engine.errors import CommandError, ExitCode
from tests.tenantry.engine.runs import DEPLOYMENT, NAMESPACE, OPENED, ROLE_TYPE, fails, good_file, held, step, urn_of


def test_who_was_not_reached_is_not_said_to_have_converged(up: Any, scene: Any) -> None:
    good_file(scene, "k002", "13800138002")
    good_file(scene, "k003", "13800138003")
    done = [step("resOutputsEvent", "k003", NAMESPACE), step("resOutputsEvent", "k002", OPENED)]
    scene.engine.plays(scene.engine.says("run", *fails("k001", NAMESPACE, "boom"), *done), code=1)
    document = up().as_json()
    assert (list(document["failed"]), document["converged"], document["unfinished"]) == (["k001"], ["k002"], ["k003"])


def test_a_refresh_reads_everything_before_the_run_and_tells_what_differs(
    operation: Any, scene: Any, listener: Any
) -> None:
    scene.store({"resources": [held("k001", NAMESPACE), held("k001", ROLE_TYPE)]})
    world = {urn_of("k001", NAMESPACE): None, urn_of("k001", ROLE_TYPE): {"login": True}}
    scene.engine.plays(world=world)
    outcome = operation().up(refresh=True)
    assert scene.engine.commands == ["stack export", "refresh", "up"]
    assert "--target" not in scene.engine.calls[1]
    assert [(change["operation"], change["tenant"]) for change in outcome.as_json()["drift"]] == [
        ("is gone", "k001"),
        ("differs", "k001"),
    ]
    assert any("drift: k001 namespace" in line and "is gone" in line for line in listener.said)


def test_a_resource_that_cannot_be_read_does_not_stop_the_others(operation: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    scene.engine.plays(world={urn_of("k001", NAMESPACE): "unreachable"})
    outcome = operation().up(refresh=True)
    assert outcome.code == ExitCode.FAILED
    assert [finding.text for finding in outcome.progress.errors] == ["no connection"]
    assert scene.engine.commands[-1] == "up"


def test_data_that_is_gone_is_never_made_anew_and_empty(operation: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE), held("k001", ROLE_TYPE, protect=True)]})
    before = scene.stored()
    scene.engine.plays(world={urn_of("k001", NAMESPACE): None, urn_of("k001", ROLE_TYPE): None})
    with pytest.raises(CommandError, match=r"holds data is gone(.|\n)*k001-role(.|\n)*right server") as refusal:
        operation().up(refresh=True)
    assert refusal.value.code == ExitCode.REFUSED
    assert scene.stored() == before
    assert "up" not in scene.engine.commands


@pytest.mark.parametrize(
    "text",
    [
        'namespaces "tenant-k001" not found',
        'pq: role "rent001" does not exist',
        "EntityNotExist.Role: The role not exists: tenant-k001",
        "giving rights: there is no database rent001: create it first (the step must depend on it)",
    ],
)
def test_something_that_is_gone_is_read_and_made_again_by_the_same_run(up: Any, scene: Any, text: str) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    events = scene.engine.says("run", *fails("k001", DEPLOYMENT, text))
    again = scene.engine.says("again", step("resOutputsEvent", "k001", OPENED))
    scene.engine.plays(events, code=1, world={urn_of("k001", NAMESPACE): None}, then={"events": again, "code": 0})
    outcome = up()
    assert outcome.code == ExitCode.OK
    assert outcome.progress.converged == ["k001"]
    assert [command for command in scene.engine.commands if command != "config"] == [
        "up",
        "stack export",
        "refresh",
        "up",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "InvalidDomainName.NoExist: The specified domain name does not exist.",
        "DomainRecordNotBelongToUser: The domain record is not yours",
        "the server could not find the requested resource",
    ],
)
def test_each_system_says_it_in_its_own_words(up: Any, scene: Any, text: str) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    scene.engine.plays(scene.engine.says("run", *fails("k001", DEPLOYMENT, text)), code=1)
    up()
    assert "refresh" in scene.engine.commands


def test_what_all_tenants_share_is_read_when_it_is_gone(up: Any, scene: Any) -> None:
    urn = "urn:pulumi:test::shop::kubernetes:core/v1:Namespace::platform"
    shared = {"urn": urn, "type": NAMESPACE, "custom": True, "id": "x", "outputs": {}}
    scene.store({"resources": [shared]})
    said = {"urn": urn, "severity": "error", "message": 'namespaces "tenantry-platform" not found'}
    events = scene.engine.says("run", {"diagnosticEvent": said})
    scene.engine.plays(events, code=1, world={urn: None}, then={"code": 0})
    assert up().code == ExitCode.OK
    assert [command for command in scene.engine.commands if command != "config"] == [
        "up",
        "stack export",
        "refresh",
        "up",
    ]


def test_a_fault_of_the_program_itself_reads_nothing(up: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    said = {"urn": "", "severity": "error", "message": "tenants/plans.yaml not found"}
    scene.engine.plays(scene.engine.says("run", {"diagnosticEvent": said}), code=1)
    assert up().code == ExitCode.FAILED
    assert "refresh" not in scene.engine.commands


def test_what_is_gone_already_does_not_keep_the_rest_from_being_destroyed(operation: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", ROLE_TYPE)]})
    events = scene.engine.says("run", *fails("k001", ROLE_TYPE, 'pq: role "rent001" does not exist', "delete"))
    again = {"events": scene.engine.says("again"), "code": 0}
    scene.engine.plays(events, code=1, world={urn_of("k001", ROLE_TYPE): None}, then=again)
    assert operation().destroy().code == ExitCode.OK
    assert [command for command in scene.engine.commands if command != "config"] == [
        "destroy",
        "stack export",
        "refresh",
        "destroy",
    ]


def test_any_other_failure_reads_nothing(up: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    scene.engine.plays(scene.engine.says("run", *fails("k001", DEPLOYMENT, "exceeded quota: plan")), code=1)
    assert up().code == ExitCode.FAILED
    assert "refresh" not in scene.engine.commands


def test_where_nothing_is_gone_the_run_is_not_repeated(up: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    scene.engine.plays(scene.engine.says("run", *fails("k001", DEPLOYMENT, "image not found")), code=1)
    outcome = up()
    assert outcome.code == ExitCode.FAILED
    assert [command for command in scene.engine.commands if command != "config"] == ["up", "stack export", "refresh"]


def test_lost_data_found_after_a_failure_is_told_with_it(up: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", ROLE_TYPE, protect=True)]})
    events = scene.engine.says("run", *fails("k001", DEPLOYMENT, "there is no database rent001"))
    scene.engine.plays(events, code=1, world={urn_of("k001", ROLE_TYPE): None})
    outcome = up()
    assert outcome.code == ExitCode.FAILED
    assert "holds data is gone" in outcome.remark
    assert scene.engine.commands.count("up") == 1


def test_a_deletion_that_failed_is_read_by_the_next_run(up: Any, scene: Any, listener: Any) -> None:
    """It was accepted and timed out: what the record still holds may go at any time."""
    scene.store({"resources": [held("k001", NAMESPACE), held("k001", ROLE_TYPE, protect=True)]})
    gone = [*fails("k001", NAMESPACE, "timed out", "delete"), *fails("k001", ROLE_TYPE, "it is protected", "delete")]
    scene.engine.plays(scene.engine.says("run", *gone), code=1)
    up()
    assert any("1 deletion(s)" in line for line in listener.said)
    assert [bool(record.get("initErrors")) for record in scene.stored()["resources"]] == [True, False]
    scene.engine.plays(world={urn_of("k001", NAMESPACE): None})
    up()
    assert [record["urn"] for record in scene.stored()["resources"]] == [urn_of("k001", ROLE_TYPE)]
