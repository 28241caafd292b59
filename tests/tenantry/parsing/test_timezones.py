"""The hours in which a tenant is awake are in a time zone that there is."""

import re
import zoneinfo
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.parsing.faults import Fault
from tenantry.parsing.timezones import known_zones
from tenantry.spec.tenant import Awake

WRONG = {
    "Asia/Shangai": "write Asia/Shanghai",
    "asia/shanghai": "write Asia/Shanghai",
    "Shanghai": "write Asia/Shanghai",
    "CST": "write Asia/Shanghai",
    "Asia/Beijing": "write Asia/Shanghai",
    "GMT+8": "write Asia/Shanghai",
    "Hong Kong": "write Asia/Hong_Kong",
    "Urumqy": "write Asia/Urumqi",
    "America/Los Angeles": "write America/Los_Angeles",
    "Factory": "such as Asia/Shanghai",
    "Local": "such as Asia/Shanghai",
    "": "such as Asia/Shanghai",
    "posix/Asia/Shanghai": "write Asia/Shanghai",
    "../etc/passwd": "such as Asia/Shanghai",
}


@pytest.mark.parametrize(("text", "remedy"), WRONG.items(), ids=WRONG.keys())
def test_a_zone_that_is_none(
    text: str, remedy: str, write: Callable[..., Path], faults_of: Callable[..., tuple[Fault, ...]]
) -> None:
    write(sleep=f'{{awake: {{from: "06:30", to: "19:00", timezone: "{text}"}}}}')
    (fault,) = faults_of()
    assert fault.field == "sleep.awake.timezone"
    assert remedy in fault.remedy


def test_every_zone_of_the_database_is_taken_also_by_editors() -> None:
    pattern = re.compile(Awake.model_json_schema()["properties"]["timezone"]["pattern"])
    assert {"Asia/Shanghai", "Etc/GMT-8", "America/Argentina/Buenos_Aires", "UTC", "GB-Eire"} <= known_zones()
    for zone in known_zones():
        assert Awake.model_validate({"from": "06:30", "to": "19:00", "timezone": zone}).timezone == zone
        assert pattern.fullmatch(zone), zone
        assert zoneinfo.ZoneInfo(zone).key == zone
