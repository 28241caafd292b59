"""ACL and tags of objects."""

from __future__ import annotations

from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Response
from local.alibaba.oss import xml
from local.alibaba.oss.access import public_blocked
from local.alibaba.oss.call import Call, answer
from local.alibaba.oss.objects import OBJECT_ACLS, version_header
from local.alibaba.state.buckets import OssKey

MAX_TAGS = 10


def _found(call: Call) -> OssKey:
    return call.live(call.bucket(), call.key, call.query.get("versionId", ""))


def get_object_acl(call: Call) -> Response:
    facts = _found(call).facts
    return answer(
        xml.group("AccessControlPolicy", call.owner(), xml.group("AccessControlList", xml.text("Grant", facts.acl))),
        **version_header(facts, call.bucket()),
    )


def put_object_acl(call: Call) -> Response:
    key, acl = _found(call), call.request.header("x-oss-object-acl")
    if acl not in OBJECT_ACLS:
        raise OssError(400, "InvalidArgument", "no such object access control exists")
    if acl.startswith("public") and public_blocked(call.bucket()):
        raise OssError(403, "AccessDenied", "Put public object acl is not allowed.")
    key.facts.acl = acl
    call.buckets.touch(key)
    return Response(200, headers=version_header(key.facts, call.bucket()))


def get_object_tags(call: Call) -> Response:
    facts = _found(call).facts
    tags = [xml.group("Tag", xml.text("Key", k), xml.text("Value", v)) for k, v in facts.tags.items()]
    return answer(xml.group("Tagging", xml.group("TagSet", *tags)), **version_header(facts, call.bucket()))


def put_object_tags(call: Call) -> Response:
    key = _found(call)
    tree = xml.parse(call.request.body, "Tagging")
    tags = {t.findtext("Key") or "": t.findtext("Value") or "" for t in tree.iter("Tag")}
    if len(tags) > MAX_TAGS or "" in tags:
        raise OssError(400, "InvalidTag", f"At most {MAX_TAGS} tags with a key are allowed.")
    key.facts.tags = tags
    call.buckets.touch(key)
    return Response(200, headers=version_header(key.facts, call.bucket()))


def delete_object_tags(call: Call) -> Response:
    key = _found(call)
    key.facts.tags = {}
    call.buckets.touch(key)
    return Response(204, headers=version_header(key.facts, call.bucket()))
