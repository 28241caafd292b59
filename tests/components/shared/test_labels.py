"""A tenant's labels: on every object of the tenant, in the place of no mark, and in nothing that selects or
restarts."""

from typing import Any

import pytest

from components.shared.labels import MANAGED_BY, MANAGER, PART, TENANT, labels, with_labels
from tenantry.spec.labels import PREFIX

OWN = {"region": "south", "tenant": "k002", "part": "gateway", "managed-by": "somebody"}
DEPUTY = {"id": "deputy", "name": "李四", "phone": "13900139001", "email": "li@example.com", "role": "principal"}


def objects(recording: Any) -> dict[str, Any]:
    return {resource.name: resource for resource in recording.resources if resource.type.startswith("kubernetes:")}


@pytest.fixture
def both(parts: Any, tenant: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything of a tenant with services, without labels and with them."""
    services = {"plan": "premium", "enabled_services": ["enrollment"]}
    found = [parts(tenant(**services, **more)) for more in ({}, {"labels": OWN})]
    before, after = ({resource.name: resource for resource in recording.resources} for recording in found)
    return before, after


def test_every_object_carries_them(both: Any) -> None:
    carried = [entry for entry in both[1].values() if entry.type.startswith("kubernetes:")]
    assert len(carried) > 15
    for found in carried:
        given = found.inputs["metadata"]["labels"]
        assert {key: value for key, value in given.items() if key.startswith(PREFIX)} == {
            PREFIX + key: value for key, value in OWN.items()
        }, found.name
        assert given[TENANT] == "k001"
        assert given[MANAGED_BY] == MANAGER


def test_nothing_changes_but_the_objects_labels_and_the_row(both: Any) -> None:
    """No pod's template, no selector, no policy, no name: nothing starts anew and nothing is replaced."""
    before, after = both
    assert before.keys() == after.keys()
    for name, found in after.items():
        old, new = dict(before[name].inputs), dict(found.inputs)
        if found.type.startswith("kubernetes:"):
            for side in (old, new):
                side["metadata"] = {key: value for key, value in side["metadata"].items() if key != "labels"}
        elif found.type == "tenantry:index:TenantRow":
            assert new["settings"]["operation"].pop("labels") == OWN
        assert old == new, name


def test_a_label_never_stands_in_the_place_of_a_mark() -> None:
    marks = labels("k001", part="app")
    hostile = {TENANT: "k002", PART: "x", MANAGED_BY: "me", "tenant": "k002"}
    assert marks.items() <= with_labels(marks, hostile).items()
    assert all(key.startswith(PREFIX) for key in with_labels(marks, hostile).keys() - marks.keys())


def test_administrators_go_to_the_database_and_notes_nowhere(parts: Any, tenant: Any, reveal_all: Any) -> None:
    recording = parts(tenant(administrators=[DEPUTY], notes="moves in May"))
    seed = recording.named("k001-db-seed").inputs
    assert seed["administrators"] == {
        "deputy": {
            "phone": "13900139001",
            "contactName": "李四",
            "contactEmail": "li@example.com",
            "role": "principal",
        }
    }
    for resource in recording.resources:
        text = str(reveal_all(resource.inputs))
        assert "moves in May" not in text
        if resource.name != "k001-db-seed":
            assert "李四" not in text, resource.name
            assert "li@example.com" not in text, resource.name


def test_their_first_passwords_leave_the_tenant_as_a_secret(parts: Any, tenant: Any, secret_type: Any) -> None:
    finished = parts(tenant(administrators=[DEPUTY])).finished["k001"]
    assert isinstance(finished["administrators"], secret_type)
    assert finished["administrators"].value["deputy"]["login"] == "13900139001"
    assert "administrators" not in parts(tenant()).finished["k001"]
