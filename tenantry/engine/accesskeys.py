"""Removes access keys that were made but never recorded: their secret is lost, and RAM gives a user two keys."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from tenantry.engine.alibaba import call
from tenantry.engine.trees import mapping, sequence

_HOST, _VERSION = "ram.aliyuncs.com", "2015-05-01"
# A key older than this before the record's last change was not made by the interrupted run: somebody may use it.
RECENT = timedelta(minutes=15)


def remove_lost_keys(user: str, known: Collection[str], changed_at: str, environment: Mapping[str, str]) -> list[str]:
    """Removes the recent keys of `user` that are not `known`; returns their ids. Raises OSError without an answer."""
    answer = call(_HOST, _VERSION, "ListAccessKeys", {"UserName": user}, environment)
    lost = lost_keys(sequence(mapping(answer.get("AccessKeys")).get("AccessKey")), known, changed_at)
    for key in lost:
        call(_HOST, _VERSION, "DeleteAccessKey", {"UserName": user, "UserAccessKeyId": key}, environment)
    return lost


def lost_keys(keys: list[Any], known: Collection[str], changed_at: str) -> list[str]:
    """The ids of those that only the interrupted run can have made; the engine writes its own zone's time."""
    since = datetime.fromisoformat(changed_at) - RECENT
    return [
        str(key["AccessKeyId"])
        for key in map(mapping, keys)
        if key["AccessKeyId"] not in known and datetime.fromisoformat(key["CreateDate"]) >= since
    ]
