"""Cross-origin rules: checked when set, answered to preflights, added to answers of requests with an Origin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Request, Response
from local.alibaba.oss import xml
from local.alibaba.policy.wildcard import matches
from local.alibaba.state.buckets import OssBucket

if TYPE_CHECKING:
    from local.alibaba.oss.call import Call

METHODS = {"GET", "PUT", "DELETE", "POST", "HEAD"}
MAX_RULES = 20


@dataclass(frozen=True, slots=True)
class Rule:
    """One CORSRule."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    max_age: str
    vary: bool


def check_cors(tree: Element, _: Call) -> None:
    """Limits of PutBucketCors: rules, at least one origin and method, one wildcard in each."""
    rules = tree.findall("CORSRule")
    if not 1 <= len(rules) <= MAX_RULES:
        raise OssError(400, "InvalidArgument", f"1 to {MAX_RULES} CORS rules are allowed.")
    for rule in rules:
        origins = [n.text or "" for n in rule.findall("AllowedOrigin")]
        methods = [n.text or "" for n in rule.findall("AllowedMethod")]
        headers = [n.text or "" for n in rule.findall("AllowedHeader")]
        if not origins or not methods:
            raise OssError(400, "MalformedXML", "A CORS rule needs AllowedOrigin and AllowedMethod.")
        if not set(methods) <= METHODS:
            raise OssError(400, "InvalidArgument", f"Unsupported method in {', '.join(methods)}.")
        if any(value.count("*") > 1 for value in origins + headers):
            raise OssError(400, "InvalidArgument", "Only one wildcard is allowed in an origin or a header.")
        if any("*" in (n.text or "") for n in rule.findall("ExposeHeader")):
            raise OssError(400, "InvalidArgument", "ExposeHeader allows no wildcard.")


@lru_cache(maxsize=256)
def rules_of(configuration: str) -> tuple[Rule, ...]:
    tree = xml.kept(configuration)

    def texts(rule: Element, name: str) -> tuple[str, ...]:
        return tuple(n.text or "" for n in rule.findall(name))

    vary = (tree.findtext("ResponseVary") or "false") == "true"
    return tuple(
        Rule(
            texts(r, "AllowedOrigin"),
            texts(r, "AllowedMethod"),
            texts(r, "AllowedHeader"),
            texts(r, "ExposeHeader"),
            r.findtext("MaxAgeSeconds") or "",
            vary,
        )
        for r in tree.findall("CORSRule")
    )


def _match(bucket: OssBucket, origin: str, method: str, headers: list[str]) -> Rule | None:
    configuration = bucket.oss["configs"].get("cors")
    for rule in rules_of(configuration) if configuration else ():
        if not any(matches(o, origin, ignore_case=True) for o in rule.origins) or method not in rule.methods:
            continue
        if all(any(matches(h, name, ignore_case=True) for h in rule.headers) for name in headers):
            return rule
    return None


def _headers(rule: Rule, origin: str) -> dict[str, str]:
    headers = {
        "Access-Control-Allow-Origin": "*" if "*" in rule.origins else origin,
        "Access-Control-Allow-Methods": ", ".join(rule.methods),
    }
    if rule.exposed:
        headers["Access-Control-Expose-Headers"] = ", ".join(rule.exposed)
    if rule.max_age:
        headers["Access-Control-Max-Age"] = rule.max_age
    if rule.vary or "*" not in rule.origins:
        headers["Vary"] = "Origin"
    return headers


def preflight(request: Request, bucket: OssBucket | None) -> Response:
    """Answer to OPTIONS; nobody signs these, and a bucket that is not there is refused like a rule that is not."""
    origin, method = request.header("origin"), request.header("access-control-request-method")
    if not origin or not method:
        raise OssError(400, "InvalidArgument", "Insufficient information: Origin and method are needed.")
    asked = [h.strip() for h in request.header("access-control-request-headers").split(",") if h.strip()]
    rule = _match(bucket, origin, method, asked) if bucket else None
    if rule is None:
        raise OssError(
            403,
            "AccessForbidden",
            "CORSResponse: This CORS request is not allowed. This is usually because the "
            "evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Requet-Headers "
            "are not whitelisted by the resource's CORS spec.",
        )
    headers = _headers(rule, origin)
    if asked:
        headers["Access-Control-Allow-Headers"] = ", ".join(asked)
    return Response(200, headers=headers)


def response_headers(request: Request, bucket: OssBucket | None) -> dict[str, str]:
    """Headers for the answer of an actual request; none when no rule fits (the browser then refuses it)."""
    origin = request.header("origin")
    rule = _match(bucket, origin, request.method, []) if origin and bucket else None
    return _headers(rule, origin) if rule else {}
