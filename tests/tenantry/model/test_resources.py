"""The tables of kinds, rights, controls and settings are what their readers take them for, and systems are found."""

import re
from typing import Annotated

import pytest
from pydantic import Field

from tenantry.model.resources.catalogue import CLEAN_UP, KINDS, SETTINGS, SYSTEMS
from tenantry.model.resources.facts import Owner
from tenantry.model.resources.kinds import data_kinds, kind_name, kinds_of
from tenantry.model.resources.stack_settings import IN_PLACE, Harmless, SystemSettings, Weighty, examples, weights

TABLES = ("KINDS", "RIGHTS", "CLEAN_UP", "CONTROLS", "SETTINGS")


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("postgresql:index/role:Role", "postgresql:index:Role"),
        ("alicloud:ram/role:Role", "alicloud:ram:Role"),
        ("kubernetes:core/v1:Secret", "kubernetes:core:Secret"),
        ("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "kubernetes:gateway.networking.k8s.io:HTTPRoute"),
        ("tenantry:index:Opened", "tenantry:index:Opened"),
        ("pulumi:pulumi:Stack", "pulumi:pulumi:Stack"),
    ],
)
def test_a_type_has_one_name(token: str, name: str) -> None:
    assert kind_name(token) == name


def test_every_system_is_found_and_has_some_fact() -> None:
    assert {system.__name__.rpartition(".")[2] for system in SYSTEMS} >= {"postgresql", "kubernetes", "ram", "dns"}
    assert [system.__name__ for system in SYSTEMS if not any(hasattr(system, table) for table in TABLES)] == []


def test_a_fact_stands_in_one_system() -> None:
    names = [name for system in SYSTEMS for name in getattr(system, "KINDS", {})]
    assert len(names) == len(set(names)) == len(KINDS)
    rows = [row.kind for row in CLEAN_UP]
    assert len(rows) == len(set(rows))
    assert {"namespace", "role"} <= set(rows)


def test_a_question_names_the_tenants_thing() -> None:
    questions = [question for row in CLEAN_UP for question in row.questions]
    assert questions
    for question in questions:
        assert "{name}" in question.parameters.values()
        assert "{name}" in question.subject


def test_a_setting_of_one_system_says_what_a_change_of_it_does() -> None:
    class Example(SystemSettings):
        example_place: Annotated[str, Field(examples=["elsewhere"]), Weighty("everything is lost")]
        other: Annotated[bool, Harmless(IN_PLACE)]

    assert dict(weights((Example,))) == {"examplePlace": Weighty("everything is lost"), "other": Harmless(IN_PLACE)}
    assert examples((Example,)) == {"examplePlace": "elsewhere"}
    assert {key for key, _ in weights(SETTINGS)} >= {"monitoringNamespace", "runbooksUrl"}


@pytest.mark.parametrize("name", KINDS)
def test_a_row_is_whole(name: str) -> None:
    kind = KINDS[name]
    assert kind_name(name) == name
    assert kind.mark is None or kind.mark in kind.claims
    assert all(re.findall(r"\{\w+\}", template) for template in kind.ids)
    assert not kind.is_base or kind.owners == {Owner.FOUNDATION}


def test_whoever_may_declare_something_is_told_apart() -> None:
    tenants, platforms, foundations = map(kinds_of, Owner)
    assert "kubernetes:core:ResourceQuota" in tenants - platforms
    assert "alicloud:oss:Bucket" in platforms - tenants
    assert foundations
    assert not foundations & (tenants | platforms)
    assert set(data_kinds()) >= {"postgresql:index:Database", "alicloud:oss:Bucket", "tenantry:index:Directories"}
