"""Days that calendars are difficult about, days of other time zones, and files that say too little."""

import time
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tenantry.engine.errors import CommandError
from tenantry.engine.run.operations import load_tenants
from tenantry.engine.stack import clock
from tenantry.engine.stack.clock import today
from tenantry.engine.stack.fleet_location import locate_fleet
from tenantry.engine.stack.project import Project
from tenantry.fleet.load import load_fleet
from tenantry.model.lifecycle import Phase, due_on, phase_of
from tenantry.parsing.faults import Faults
from tenantry.spec.tenant import TenantSpec

FIELDS: dict[str, Any] = {
    "code": "k001",
    "name": "园",
    "phone": "13800138001",
    "plan": "basic",
    "status": "deleted",
    "contact": {"name": "张", "email": "a@b.cn"},
}


def deleted(day: date) -> TenantSpec:
    return TenantSpec.model_validate({**FIELDS, "deleted_at": day})


@pytest.mark.parametrize(
    ("written", "due"),
    [
        (date(2028, 2, 29), date(2028, 3, 30)),
        (date(2028, 2, 28), date(2028, 3, 29)),
        (date(2027, 2, 28), date(2027, 3, 30)),
        (date(2028, 1, 30), date(2028, 2, 29)),
        (date(2027, 1, 30), date(2027, 3, 1)),
        (date(2026, 12, 2), date(2027, 1, 1)),
        (date(2100, 2, 1), date(2100, 3, 3)),  # a century that is no leap year
    ],
)
def test_thirty_days_are_thirty_days_in_every_month(written: date, due: date) -> None:
    assert due_on(deleted(written)) == due
    assert phase_of(deleted(written), due - timedelta(days=1)) is Phase.RETAINED
    assert phase_of(deleted(written), due) is Phase.DUE


@pytest.mark.parametrize("ahead", [1, 29, 30, 31, 365])
def test_a_day_in_the_future_counts_from_that_day(ahead: int) -> None:
    """A clock that runs ahead somewhere shortens nothing: until the day the tenant is retained, and 30 days after."""
    now = date(2026, 10, 1)
    written = now + timedelta(days=ahead)
    assert phase_of(deleted(written), now, now) is Phase.RETAINED
    assert phase_of(deleted(written), now + timedelta(days=30), now) is Phase.RETAINED
    assert phase_of(deleted(written), written + timedelta(days=30), now) is Phase.DUE


def _fleet(tmp_path: Path, **changes: Any) -> Any:
    kept = {key: value for key, value in (FIELDS | changes).items() if value is not None}
    (tmp_path / "k001.yaml").write_text(yaml.safe_dump(kept, allow_unicode=True), encoding="utf-8")
    return load_fleet(tmp_path, today=date(2026, 10, 1))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "deleted_at: is missing with status deleted"),
        ({"deleted_at": date(2026, 10, 3)}, "deleted_at: lies in the future"),  # tomorrow may be today elsewhere
        ({"deleted_at": datetime(2026, 10, 1, 23, 30, tzinfo=UTC)}, "deleted_at"),
        ({"deleted_at": "gestern"}, "deleted_at"),
        ({"status": "purged", "deleted_at": date(2026, 8, 1)}, "proof: is missing with status purged"),
        ({"status": "purged"}, "proof: is missing with status purged"),
        ({"status": "active", "proof": "k001-20260901T000000Z-0123456789abcdef"}, "proof: contradicts status active"),
        ({"status": "active", "deleted_at": date(2026, 9, 1)}, "deleted_at: contradicts status active"),
        ({"status": None}, "status"),
        ({"status": "gone"}, "status"),
    ],
)
def test_a_file_that_does_not_agree_with_itself_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(Faults) as caught:
        _fleet(tmp_path, **changes)
    assert told in str(caught.value)


def _project(tmp_path: Path, **settings: str) -> Project:
    (tmp_path / "Pulumi.yaml").write_text("name: tenantry\n")
    for stack in ("local", "test-x", "prod", "localhost"):
        document = {"config": {f"tenantry:{key}": value for key, value in settings.items()}}
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))
    return Project(tmp_path)


@pytest.fixture(params=["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Shanghai", "UTC"])
def late(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[date]:
    """Half past eleven at night in UTC, somewhere: in half of the world it is tomorrow."""

    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(2026, 10, 1, 23, 30, tzinfo=UTC).astimezone(tz)

    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    monkeypatch.setattr(clock, "datetime", Late)
    yield date(2026, 10, 1)
    monkeypatch.delenv("TZ")
    time.tzset()


def test_the_day_is_that_of_utc_wherever_it_runs(tmp_path: Path, late: date) -> None:
    assert today(_project(tmp_path), "prod") == late


def test_commands_that_only_look_go_by_the_same_day(tmp_path: Path, late: date) -> None:
    assert locate_fleet("prod", _project(tmp_path).root).today == late
    assert locate_fleet("local", _project(tmp_path, today="2027-01-01").root).today == date(2027, 1, 1)


def test_a_run_checks_the_files_as_of_the_same_day(tmp_path: Path, late: date, monkeypatch: pytest.MonkeyPatch) -> None:
    days: list[date] = []

    def load(*_: object, today: date, **_rest: object) -> Any:
        days.append(today)
        return SimpleNamespace(all=())

    monkeypatch.setattr("tenantry.fleet.load.load_fleet", load)
    (tmp_path / "tenants").mkdir()
    load_tenants(_project(tmp_path), "prod")
    load_tenants(_project(tmp_path, today="2027-01-01"), "local")
    assert days == [late, date(2027, 1, 1)]


def test_a_run_of_a_real_stack_refuses_a_day_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "tenants").mkdir()
    with pytest.raises(CommandError, match="refused outside local and test stacks"):
        load_tenants(_project(tmp_path, today="2027-01-01"), "prod")


def test_only_embedded_stacks_choose_their_day(tmp_path: Path) -> None:
    project = _project(tmp_path, today="2027-01-01")
    assert today(project, "local") == today(project, "test-x") == date(2027, 1, 1)
    for stack in ("prod", "localhost"):
        with pytest.raises(CommandError, match="refused outside local and test stacks"):
            today(project, stack)
    with pytest.raises(CommandError, match="is no date"):
        today(_project(tmp_path, today="tomorrow"), "local")
