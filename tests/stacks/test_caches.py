"""A cache that tenants share is reached by each with its own user, or the stack is refused."""

import json
from typing import Any

import pulumi
import pytest

from stacks.caches import read_caches

K001, K002 = "redis://k001:one-password@cache:6379/0", "rediss://k002:other-password@cache/0"


class Config:
    def __init__(self, **values: str) -> None:
        self.values = values

    def get(self, key: str) -> str | None:
        return self.values.get(key)


def read(**values: str) -> Any:
    config: Any = Config(**values)
    return read_caches(config, pulumi.Output.secret("x") if "redisUrls" in values else None)


def test_each_tenant_has_its_own(record: Any) -> None:
    found: dict[str, Any] = {}

    def program() -> None:
        found.update(read(redisUrls=json.dumps({"k001": K001, "k002": K002})))

    record(program)
    assert found.keys() == {"k001", "k002"}
    assert read() == {}


@pytest.mark.parametrize(
    "values",
    [
        {"redisUrl": "redis://:one-password@cache"},
        {"redisUrls": K001},
        {"redisUrls": json.dumps([K001])},
        {"redisUrls": json.dumps({"all": K001})},
        {"redisUrls": json.dumps({"k001": 1})},
        {"redisUrls": json.dumps({"k001": "redis://:one-password@cache"})},
        {"redisUrls": json.dumps({"k001": "redis://k001@cache"})},
        {"redisUrls": json.dumps({"k001": "redis://k001:[one-password]@cache"})},
        {"redisUrls": json.dumps({"k001": "redis://k001:one[-password@cache"})},
        {"redisUrls": json.dumps({"k001": "http://k001:one-password@cache"})},
        {"redisUrls": json.dumps({"k001": K001, "k002": K001})},
        {"redisUrls": json.dumps({"k001": K001, "k002": "redis://k002:one-password@cache/0"})},
    ],
)
def test_anything_shared_is_refused_and_not_repeated(values: dict[str, str]) -> None:
    with pytest.raises(pulumi.RunError) as error:
        read(**values)
    assert "one-password" not in str(error.value)
