"""The parameters of a shared database server: one table, for the foundation, doctor and the document."""

import pytest

from local.shared.paths import ROOT
from tenantry.model.database_parameters import PARAMETERS, Parameter, unsuited

RIGHT = {parameter.name: parameter.value for parameter in PARAMETERS}


def test_the_document_lists_them() -> None:
    text = (ROOT / "docs" / "production.md").read_text("utf-8")
    for parameter in PARAMETERS:
        since = f", since PostgreSQL {parameter.since}" if parameter.since > 14 else ""
        assert f"| `{parameter.name}` | {parameter.value} | {parameter.demand}{since} | {parameter.reason} |" in text
    table = text.split("| parameter | set to |")[1].split("\n\n")[0]
    assert table.count("\n| `") == len(PARAMETERS)


def test_what_the_foundation_sets_suits() -> None:
    assert unsuited(RIGHT, 16) == []


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_what_is_not_said_does_not_suit(parameter: Parameter) -> None:
    assert unsuited({**RIGHT, parameter.name: ""}, 18) == [(parameter, "")]


def test_what_a_release_does_not_have_is_not_asked_for() -> None:
    without = {name: value for name, value in RIGHT.items() if name != "reserved_connections"}
    assert unsuited(without, 15) == []
    assert [parameter.name for parameter, _ in unsuited(without, 16)] == ["reserved_connections"]


def test_a_bound_is_a_number() -> None:
    limit = PARAMETERS[0]
    assert [limit.suits(setting) for setting in ("-1", "0", "1", "2097152", "many", "")] == [
        False, False, True, True, False, False
    ]  # fmt: skip
