"""Only a key that the interrupted run alone can have made is removed."""

import pytest

from tenantry.engine.state.lost_access_keys import lost_keys

CHANGED = "2026-11-23T09:19:06.123456789Z"


def key(name: str, created: str) -> dict[str, str]:
    return {"AccessKeyId": name, "Status": "Active", "CreateDate": created}


def test_a_key_of_the_interrupted_run_is_lost() -> None:
    assert lost_keys([key("a", "2026-11-23T09:19:06Z")], set(), CHANGED) == ["a"]


@pytest.mark.parametrize("changed", ["2026-11-23T17:19:06.123456789+08:00", "2026-11-23T01:19:06.1-08:00"])
def test_the_engine_writes_the_time_of_its_own_zone(changed: str) -> None:
    keys = [key("a", "2026-11-23T09:19:06Z"), key("b", "2026-11-23T09:00:00Z"), key("c", "2026-11-23T02:00:00Z")]
    assert lost_keys(keys, set(), changed) == ["a"]


def test_clocks_may_differ_by_minutes() -> None:
    assert lost_keys([key("a", "2026-11-23T09:10:00Z"), key("b", "2026-11-23T09:25:00Z")], (), CHANGED) == ["a", "b"]


def test_the_dead_engines_request_may_have_been_answered_late() -> None:
    assert lost_keys([key("a", "2026-11-23T09:38:00Z")], set(), CHANGED) == ["a"]


@pytest.mark.parametrize("created", ["2026-11-23T09:55:00Z", "2026-11-26T12:00:00Z"])
def test_a_key_that_somebody_made_after_the_kill_is_theirs(created: str) -> None:
    assert lost_keys([key("a", created)], set(), CHANGED) == []


@pytest.mark.parametrize("created", ["2026-11-23T08:00:00Z", "2025-01-01T00:00:00Z"])
def test_an_older_key_may_be_in_use(created: str) -> None:
    assert lost_keys([key("a", created)], set(), CHANGED) == []


def test_a_recorded_key_is_in_use() -> None:
    assert lost_keys([key("a", "2026-11-23T09:19:06Z")], {"a"}, CHANGED) == []
