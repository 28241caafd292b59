"""Backups that are kept: the newest of days, weeks and months, counted by what there is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.backup.contents.layout import ID, BackupPaths, moment_of, new_id, subject_of
from tenantry.backup.retention import Counts, kept

START = datetime(2026, 1, 1, 18, 30, tzinfo=UTC)


def nightly(nights: int) -> list[str]:
    return [new_id("k001", START + timedelta(days=night)) for night in range(nights)]


def test_a_year_of_nights_leaves_seven_days_four_weeks_and_twelve_months() -> None:
    ids = nightly(400)
    ids_kept = kept(ids, Counts())
    days = sorted({moment_of(result).date() for result in ids_kept}, reverse=True)
    assert ids[-7:] == sorted(ids[-7:], key=moment_of)
    assert set(ids[-7:]) <= ids_kept
    assert len({f"{day:%Y-%m}" for day in days}) >= 12
    assert len(ids_kept) <= 7 + 4 + 12
    assert len({f"{day:%G-%V}" for day in days[:10]} | {f"{day:%G-%V}" for day in days}) >= 4


def test_when_backups_stop_none_of_the_last_goes() -> None:
    ids = nightly(5)
    assert kept(ids, Counts()) == set(ids)


def test_two_of_one_day_leave_the_newer() -> None:
    one, other = new_id("k001", START), new_id("k001", START + timedelta(hours=1))
    assert kept([one, other], Counts(daily=7, weekly=1, monthly=1)) == {other}


def test_a_plan_may_keep_fewer() -> None:
    assert len(kept(nightly(100), Counts(daily=1, weekly=0, monthly=0))) == 1


@given(st.lists(st.integers(0, 2000), unique=True, min_size=1, max_size=60))
def test_the_newest_is_always_kept_and_keeping_is_stable(nights: list[int]) -> None:
    ids = [new_id("k001", START + timedelta(days=night)) for night in nights]
    ids_kept = kept(ids, Counts())
    assert max(ids, key=moment_of) in ids_kept
    assert kept(ids_kept, Counts()) == ids_kept


@pytest.mark.parametrize("subject", ["k001", "k123456", "kargerdensales", "admin_tenant_management"])
def test_an_id_says_whose_and_when(subject: str) -> None:
    one = new_id(subject, START)
    assert (subject_of(one), moment_of(one)) == (subject, START)


def test_ids_of_one_second_sort_as_they_were_taken() -> None:
    """The newest backup is the one that the next is compared with, and both may be of one second."""
    moments = [START + timedelta(microseconds=step) for step in (0, 1, 17, 999, 65_536, 999_999)]
    ids = [new_id("k001", moment) for moment in moments]
    assert ids == sorted(ids)
    assert len({new_id("k001", START) for _ in range(50)}) == 50
    assert all(ID.fullmatch(backup_id) for backup_id in ids)


@pytest.mark.parametrize(
    "problem", ["", "k001", "k001-2026", "../k001-20260101T000000Z-0123456789abcdef", "k001-x-y\n"]
)
def test_what_is_no_id(problem: str) -> None:
    assert subject_of(problem) is None
    with pytest.raises(ValueError, match="no backup's id"):
        moment_of(problem)


def test_the_living_and_the_purged_lie_apart_and_no_subject_holds_another() -> None:
    places = [BackupPaths(name, purged) for name in ("k001", "k0011") for purged in (False, True)]
    roots = [root for place in places for root in (place.backups, place.objects)]
    assert all(root.endswith("/") for root in roots)
    assert not [(root, other) for root in roots for other in roots if root != other and other.startswith(root)]
    assert BackupPaths("k001", True).backups.startswith("purged/")
    assert ID.fullmatch(new_id("k001", START))
