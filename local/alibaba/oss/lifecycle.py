"""Lifecycle rules: the limits at which OSS refuses them, and their execution on request of a test."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from local.alibaba.http.errors import OssError
from local.alibaba.oss import xml
from local.alibaba.state.buckets import NULL, Buckets, Facts, OssBucket, OssKey

if TYPE_CHECKING:
    from local.alibaba.oss.call import Call

MAX_RULES = 1000
DAY = 86400
ACTIONS = (
    "Expiration",
    "Transition",
    "AbortMultipartUpload",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
)


def _tags(rule: Element) -> frozenset[tuple[str, str]]:
    return frozenset((t.findtext("Key") or "", t.findtext("Value") or "") for t in rule.findall("Tag"))


def check_lifecycle(tree: Element, call: Call) -> None:
    """Number of rules, ids, prefixes, days, and prefixes that repeat or overlap for one action."""
    rules = tree.findall("Rule")
    if not 1 <= len(rules) <= MAX_RULES:
        raise OssError(400, "InvalidArgument", f"1 to {MAX_RULES} lifecycle rules are allowed.")
    ids = [rule.findtext("ID") for rule in rules if rule.findtext("ID")]
    if len(set(ids)) != len(ids):
        raise OssError(400, "InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule.")
    overlap = call.request.header("x-oss-allow-same-action-overlap") == "true"
    seen: dict[frozenset[tuple[str, str]], dict[str, set[str]]] = {}
    for rule in rules:
        _check_rule(rule)
        prefix = rule.findtext("Prefix") or ""
        actions = {action for action in ACTIONS if rule.find(action) is not None}
        if seen.setdefault(_tags(rule), {}).setdefault(prefix, actions) is not actions:
            raise OssError(400, "InvalidRequest", "Found same prefix in different rules")
    if not overlap:
        for prefixes in seen.values():
            _check_overlap(prefixes)


def _check_overlap(prefixes: dict[str, set[str]]) -> None:
    """Only a prefix of a prefix can overlap it, so each is looked up instead of comparing all pairs."""
    for prefix, actions in prefixes.items():
        for end in range(len(prefix)):
            if shared := actions & prefixes.get(prefix[:end], set()):
                action = sorted(shared)[0]
                raise OssError(
                    400, "InvalidArgument", f"Overlap for same action type {action}, prefix {prefix[:end]} and {prefix}"
                )


def _check_rule(rule: Element) -> None:
    prefix = rule.findtext("Prefix") or ""
    if "*" in prefix or "?" in prefix:
        raise OssError(400, "InvalidArgument", "The prefix of a lifecycle rule allows no wildcard.")
    if rule.findtext("Status") not in ("Enabled", "Disabled"):
        raise OssError(400, "MalformedXML", "Status must be Enabled or Disabled.")
    if not any(rule.find(action) is not None for action in ACTIONS):
        raise OssError(400, "InvalidArgument", "At least one action needs to be specified in a rule.")
    for name in ("Days", "NoncurrentDays"):
        for node in rule.iter(name):
            if not (node.text or "").isdigit() or int(node.text or "0") < 1:
                raise OssError(400, "InvalidArgument", f"'{name}' in a lifecycle action must be a positive integer.")


def _days(rule: Element, action: str, name: str) -> int | None:
    text = rule.findtext(f"{action}/{name}")
    return int(text) if text else None


def run(buckets: Buckets) -> list[str]:
    """Do what the rules ask for at the clock's present; `bucket/key` of everything expired."""
    gone: list[str] = []
    for bucket in buckets.all():
        configuration = bucket.oss["configs"].get("lifecycle")
        for rule in xml.kept(configuration).findall("Rule") if configuration else ():
            if rule.findtext("Status") == "Enabled":
                gone.extend(_run_rule(buckets, bucket, rule))
    return gone


def _run_rule(buckets: Buckets, bucket: OssBucket, rule: Element) -> list[str]:
    prefix, now, gone = rule.findtext("Prefix") or "", buckets.clock.now(), []
    expire = _days(rule, "Expiration", "Days")
    old = _days(rule, "NoncurrentVersionExpiration", "NoncurrentDays")
    abort = _days(rule, "AbortMultipartUpload", "Days")
    lonely = rule.findtext("Expiration/ExpiredObjectDeleteMarker") == "true"
    wanted = _tags(rule)
    for name in [k for k in list(bucket.keys) if k.startswith(prefix)]:
        versions: list[OssKey] = list(buckets.versions(bucket, name))
        newest = versions[-1].facts
        due = expire is not None and now - newest.modified >= expire * DAY
        if due and not newest.marker and wanted <= set(newest.tags.items()):
            _expire(buckets, bucket, versions[-1])
            gone.append(f"{bucket.name}/{name}")
        for version, next_one in pairwise(versions):
            if old is not None and now - next_one.facts.modified >= old * DAY:
                buckets.remove(version)
        left = buckets.versions(bucket, name)
        if lonely and len(left) == 1 and left[0].facts.marker:
            buckets.remove(left[0])
    for upload in bucket.uploads():
        if abort is not None and upload.key_name.startswith(prefix) and now - upload.document["created"] >= abort * DAY:
            buckets.drop_upload(bucket, upload)
    return gone


def _expire(buckets: Buckets, bucket: OssBucket, key: OssKey) -> None:
    if not bucket.versioning_status:
        buckets.remove(key)
        return
    version = buckets.new_version(bucket) if bucket.is_versioned else NULL
    buckets.add(Facts(bucket.name, key.facts.key, version, buckets.next_seq(), buckets.clock.now(), marker=True))
