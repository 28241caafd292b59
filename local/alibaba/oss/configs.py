"""Bucket configurations that are stored and given back: one specification each, checks where OSS checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Response
from local.alibaba.oss import xml
from local.alibaba.oss.access import is_public, public_blocked
from local.alibaba.oss.call import Call, answer
from local.alibaba.oss.cors import check_cors
from local.alibaba.oss.lifecycle import check_lifecycle
from local.alibaba.policy.document import PolicyGrammarError, parse


@dataclass(frozen=True, slots=True)
class Kind:
    """`missing` is the error code when nothing is set; otherwise `default` is answered."""

    root: str
    missing: str = ""
    default: str = ""
    check: Callable[[Element, Call], None] | None = None


def _check_tags(tree: Element, _: Call) -> None:
    keys = [node.findtext("Key") or "" for node in tree.iter("Tag")]
    if len(keys) > 20 or len(set(keys)) != len(keys) or any(not k or len(k) > 64 for k in keys):
        raise OssError(400, "InvalidTag", "At most 20 tags with distinct keys of 1 to 64 characters.")


def _check_encryption(tree: Element, _: Call) -> None:
    if next((n.text for n in tree.iter("SSEAlgorithm")), None) not in ("AES256", "KMS", "SM4"):
        raise OssError(400, "InvalidEncryptionAlgorithmError", "The Encryption request you specified is not valid.")


def _check_block(tree: Element, _: Call) -> None:
    """Some clients write True: it is kept as the word that is given back."""
    node = tree.find("BlockPublicAccess")
    if node is None or (node.text or "").lower() not in ("true", "false"):
        raise OssError(400, "MalformedXML", "BlockPublicAccess must be true or false.")
    node.text = (node.text or "").lower()


def _check_logging(tree: Element, call: Call) -> None:
    target = next((n.text for n in tree.iter("TargetBucket")), None)
    if target and call.buckets.find(target) is None:
        raise OssError(400, "InvalidTargetBucketForLogging", "The target bucket for logging does not exist.")


KINDS: dict[str, Kind] = {
    "cors": Kind("CORSConfiguration", "NoSuchCORSConfiguration", check=check_cors),
    "website": Kind("WebsiteConfiguration", "NoSuchWebsiteConfiguration"),
    "logging": Kind("BucketLoggingStatus", default="<BucketLoggingStatus></BucketLoggingStatus>", check=_check_logging),
    "referer": Kind(
        "RefererConfiguration",
        default="<RefererConfiguration><AllowEmptyReferer>true"
        "</AllowEmptyReferer><RefererList></RefererList></RefererConfiguration>",
    ),
    "lifecycle": Kind("LifecycleConfiguration", "NoSuchLifecycle", check=check_lifecycle),
    "tagging": Kind("Tagging", default="<Tagging><TagSet></TagSet></Tagging>", check=_check_tags),
    "transferAcceleration": Kind("TransferAccelerationConfiguration", "NoSuchTransferAccelerationConfiguration"),
    "resourceGroup": Kind(
        "BucketResourceGroupConfiguration",
        default="<BucketResourceGroupConfiguration>"
        "<ResourceGroupId>rg-acfmtenantry</ResourceGroupId></BucketResourceGroupConfiguration>",
    ),
    "encryption": Kind("ServerSideEncryptionRule", "NoSuchServerSideEncryptionRule", check=_check_encryption),
    "publicAccessBlock": Kind(
        "PublicAccessBlockConfiguration",
        default="<PublicAccessBlockConfiguration>"
        "<BlockPublicAccess>false</BlockPublicAccess></PublicAccessBlockConfiguration>",
        check=_check_block,
    ),
    "accessmonitor": Kind(
        "AccessMonitorConfiguration",
        default="<AccessMonitorConfiguration><Status>Disabled</Status></AccessMonitorConfiguration>",
    ),
    "requestPayment": Kind(
        "RequestPaymentConfiguration",
        default="<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
    ),
    "replication": Kind("ReplicationConfiguration", "NoSuchReplicationConfiguration"),
    "worm": Kind("InitiateWormConfiguration", "NoSuchWORMConfiguration"),
    "inventory": Kind("InventoryConfiguration", "NoSuchInventory"),
    "httpsConfig": Kind(
        "HttpsConfiguration", default="<HttpsConfiguration><TLS><Enable>false</Enable></TLS></HttpsConfiguration>"
    ),
    "userDefinedLogFieldsConfig": Kind("UserDefinedLogFieldsConfiguration", "NoSuchUserDefinedLogFieldsConfig"),
    "bucketArchiveDirectRead": Kind(
        "ArchiveDirectReadConfiguration",
        default="<ArchiveDirectReadConfiguration><Enabled>false</Enabled></ArchiveDirectReadConfiguration>",
    ),
}


def get_config(call: Call) -> Response:
    bucket, name = call.bucket(), call.subresource
    if name == "versioning":
        status = xml.text("Status", bucket.versioning_status) if bucket.versioning_status else ""
        return answer(xml.group("VersioningConfiguration", status))
    if name == "policy":
        if not bucket.policy:
            raise OssError(404, "NoSuchBucketPolicy", "The bucket policy does not exist.", BucketName=bucket.name)
        return Response(200, bucket.policy, {"Content-Type": "application/json"})
    kind = KINDS[name]
    kept = bucket.oss["configs"].get(name) or kind.default
    if not kept:
        raise OssError(404, kind.missing, f"The bucket has no {name} configuration.", BucketName=bucket.name)
    return answer(kept)


def put_config(call: Call) -> Response:
    bucket, name = call.bucket(), call.subresource
    if name == "policy":
        return _put_policy(call)
    if name == "versioning":
        status = xml.parse(call.request.body, "VersioningConfiguration").findtext("Status")
        if status not in ("Enabled", "Suspended"):
            raise OssError(400, "MalformedXML", "Status must be Enabled or Suspended.")
        bucket.versioning_status = status
    else:
        kind = KINDS[name]
        tree = xml.parse(call.request.body, kind.root)
        if kind.check:
            kind.check(tree, call)
        bucket.oss["configs"][name] = xml.canonical(tree)
    call.buckets.save(bucket)
    return Response(200)


def _put_policy(call: Call) -> Response:
    bucket, body = call.bucket(), call.request.body
    try:
        statements = parse(body.decode(), "bucket")
    except (PolicyGrammarError, UnicodeDecodeError) as error:
        raise OssError(400, "InvalidPolicyDocument", f"The policy document is invalid: {error}") from None
    if len(body) > 16384:
        raise OssError(400, "InvalidPolicyDocument", "The policy document is longer than 16 KB.")
    if public_blocked(bucket) and any(is_public(s) for s in statements):
        raise OssError(403, "AccessDenied", "Put public bucket policy is not allowed.")
    bucket.policy = body
    call.buckets.save(bucket)
    return Response(200)


def delete_config(call: Call) -> Response:
    bucket, name = call.bucket(), call.subresource
    if name == "versioning":
        raise OssError(405, "MethodNotAllowed", "Versioning can be suspended, not deleted.")
    if name == "policy":
        bucket.policy = None
    else:
        bucket.oss["configs"].pop(name, None)
    call.buckets.save(bucket)
    return Response(204)
