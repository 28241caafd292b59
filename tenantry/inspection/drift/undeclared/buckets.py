"""Access to a shared bucket by something that no resource declares: its ACL, and a policy where none is declared.

The provider takes both over from what it reads, so that no later refresh would tell them.
"""

import importlib
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from tenantry.inspection.drift.model import Finding, Gravity, Mending
from tenantry.inspection.drift.stack import LiveStack
from tenantry.inspection.drift.undeclared.removal import Undeclared
from tenantry.parsing.json_narrowing import Tree, mapping

SYSTEM: Final = "OSS"
BUCKET: Final = "alicloud:oss/bucket:Bucket"
POLICY: Final = "alicloud:oss/bucketPolicy:BucketPolicy"
PRIVATE: Final = "private"
_TIMEOUT_SECONDS: Final = 15


def look(stack: LiveStack, unseen: list[str]) -> Iterator[Undeclared]:
    """Looks at every bucket that the stack holds. What OSS refuses is added to `unseen`."""
    oss2: Any = importlib.import_module("oss2")
    records = stack.record.resources
    with_policy = {mapping(record.get("inputs")).get("bucket") for record in records if record.get("type") == POLICY}
    for record in records:
        if record.get("type") != BUCKET or not record.get("id"):
            continue
        name = str(record["id"])
        try:
            bucket = _bucket(oss2, stack, record)
            yield from _acl(bucket, name)
            if name not in with_policy:
                yield from _policy(oss2, bucket, name)
        except oss2.exceptions.NoSuchBucket:  # the refresh tells that
            continue
        except oss2.exceptions.OssError as error:
            refused: Any = error
            unseen.append(f"{SYSTEM}, {name}: {refused.status} {refused.code}")


def _bucket(oss2: Any, stack: LiveStack, record: Tree) -> Any:
    region = str(mapping(record.get("outputs")).get("location")).removeprefix("oss-")
    keys, proxy = stack.alibaba, stack.alibaba.get("TENANTRY_ALIBABA_PROXY")
    return oss2.Bucket(
        oss2.AuthV4(keys["ALICLOUD_ACCESS_KEY"], keys["ALICLOUD_SECRET_KEY"]),
        f"{'http' if proxy else 'https'}://oss-{region}.aliyuncs.com",
        str(record["id"]),
        connect_timeout=_TIMEOUT_SECONDS,
        proxies={"http": proxy, "https": proxy} if proxy else None,
        region=region,
    )


def _acl(bucket: Any, name: str) -> Iterator[Undeclared]:
    acl = str(bucket.get_bucket_acl().acl)
    if acl != PRIVATE:
        said = f"its ACL is {acl}, and nobody declared that"
        yield _found(name, said, "makes it private", partial(bucket.put_bucket_acl, PRIVATE))


def _policy(oss2: Any, bucket: Any, name: str) -> Iterator[Undeclared]:
    try:
        bucket.get_bucket_policy()
    except oss2.exceptions.NoSuchBucketPolicy:
        return
    yield _found(name, "it has a policy that nobody declared", "removes the policy", bucket.delete_bucket_policy)


def _found(name: str, said: str, does: str, remove: Any) -> Undeclared:
    finding = Finding(
        "",
        SYSTEM,
        f"bucket {name}",
        said,
        Gravity.ISOLATION,
        Mending.REMOVAL,
        f"`tenantry drift --repair` {does}",
        is_declared=False,
    )
    return Undeclared(finding, remove)
