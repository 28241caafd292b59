"""The record that is taken for ours is ours."""

from typing import Any

import pytest

from tenantry.engine.clients.dns_records import FoundRecord, choose

WANTED = {"domainName": "yyup.cc", "rr": "k001", "type": "A", "value": "192.0.2.10", "remark": "tenantry-k001"}


def record(**changes: Any) -> dict[str, Any]:
    return {"RecordId": "1", "RR": "k001", "Type": "A", "Value": "192.0.2.10", "Remark": "tenantry-k001", **changes}


def test_our_remark_decides_whatever_the_value_is() -> None:
    assert choose(WANTED, [record(Value="198.51.100.1")]) == FoundRecord("1", has_remark=True)


def test_the_remark_wins_over_the_same_value_without_one() -> None:
    bare = record(RecordId="2", Remark="")
    assert choose(WANTED, [bare, record()]) == FoundRecord("1", has_remark=True)


@pytest.mark.parametrize("bare", [{"Remark": ""}, {"Remark": None}])
def test_without_any_remark_the_value_must_be_ours(bare: dict[str, Any]) -> None:
    assert choose(WANTED, [record(**bare)]) == FoundRecord("1", has_remark=False)
    assert choose(WANTED, [record(**bare, Value="198.51.100.1")]) is None


@pytest.mark.parametrize(
    "other",
    [{"Remark": "by hand"}, {"RR": "k0011"}, {"RR": "ak001"}, {"Type": "AAAA"}, {"Remark": "tenantry-k002"}],
)
def test_the_records_of_others_are_not_taken(other: dict[str, Any]) -> None:
    assert choose(WANTED, [record(**other)]) is None


def test_one_that_wants_no_remark_has_the_one_it_wants() -> None:
    wanted = {**WANTED, "remark": ""}
    assert choose(wanted, [record(Remark="")]) == FoundRecord("1", has_remark=True)
