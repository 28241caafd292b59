"""A foundation's settings: what must be said, what is refused, and with which words."""

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from components.foundation.settings import FoundationSettings
from tests.components.foundation.conftest import ADOPTED, MADE

WRONG: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "one zone": (("zones",), ["cn-guangzhou-a"], "at least 2 items"),
    "a zone twice": (("zones",), ["cn-guangzhou-a", "cn-guangzhou-a"], "fail together"),
    "no instance class": (("databaseServer",), {}, "`instanceType`"),
    "a parameter that is none": (("databaseServer", "withoutParameters"), ["work_mem"], "is none of temp_file_limit"),
    "no nodes": (("cluster",), {}, "`nodes.instanceTypes`"),
    "less room than there is": (("databaseServer", "largestStorageGib"), 20, "less than"),
    "no subject": (("deployer",), {}, "exact `subjects`"),
    "anybody's repository": (("deployer", "subjects"), ["repo:example/*"], "exact `subjects`"),
    "anybody's preview": (("deployer", "previewSubjects"), ["repo:example/*"], "exact `subjects`"),
    "an empty subject": (("deployer", "subjects"), [""], "exact `subjects`"),
    "a public network": (("network",), {"cidr": "8.8.0.0/16"}, "private network"),
    "a network without room": (("network",), {"cidr": "10.0.0.0/24"}, "private network"),
    "logs of a month": (("logging",), {"retentionDays": 30}, "greater than or equal to 180"),
    "backups of a day": (("databaseServer", "backupDays"), 1, "greater than or equal to 7"),
    "an unknown part": (("cache",), {}, "Extra inputs"),
    "an unknown field": (("cluster", "public"), True, "Extra inputs"),
    "an adopted network without switches": (("network",), {"adopt": {"vpc": "vpc-1"}}, "Field required"),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_is_refused(name: str) -> None:
    path, value, said = WRONG[name]
    document = deepcopy(MADE)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ValidationError, match=said):
        FoundationSettings.model_validate(document)


@pytest.mark.parametrize("document", [MADE, ADOPTED], ids=["made", "adopted"])
def test_a_whole_one_is_read(document: dict[str, Any]) -> None:
    assert FoundationSettings.model_validate(document).zones == ("cn-guangzhou-a", "cn-guangzhou-b")
