"""Removes access keys that were made but never recorded: their secret is lost, and RAM gives a user two keys."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from tenantry.engine.clients.alibaba_rpc import call
from tenantry.parsing.json_narrowing import mapping, sequence

_HOST, _VERSION = "ram.aliyuncs.com", "2015-05-01"
# Clocks differ: the record's moments are those of the engine's host, a key's is RAM's.
CLOCKS = timedelta(minutes=15)
# After so long the provider gives up a creation (Terraform's default). The engine writes its record when it begins one:
# so a key of the interrupted run is at most this much younger than the record's last change.
CREATION = timedelta(minutes=20)


def remove_lost_keys(user: str, known: Collection[str], changed_at: str, environment: Mapping[str, str]) -> list[str]:
    """Removes the lost keys of `user`, none that is `known`; returns their ids. Raises OSError without an answer."""
    answer = call(_HOST, _VERSION, "ListAccessKeys", {"UserName": user}, environment)
    lost = lost_keys(sequence(mapping(answer.get("AccessKeys")).get("AccessKey")), known, changed_at)
    for key in lost:
        call(_HOST, _VERSION, "DeleteAccessKey", {"UserName": user, "UserAccessKeyId": key}, environment)
    return lost


def lost_keys(keys: list[Any], known: Collection[str], changed_at: str) -> list[str]:
    """The ids of those that only the interrupted run can have made; the engine writes its own zone's time.

    Older keys and younger ones somebody else has made, such as an operator in the days before the run is repeated.
    """
    changed = datetime.fromisoformat(changed_at)
    since, until = changed - CLOCKS, changed + CREATION + CLOCKS
    return [
        str(key["AccessKeyId"])
        for key in map(mapping, keys)
        if key["AccessKeyId"] not in known and since <= datetime.fromisoformat(key["CreateDate"]) <= until
    ]
