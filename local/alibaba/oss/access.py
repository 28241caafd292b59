"""May this principal do that? RAM policies, session policy, bucket policy, ACLs and the public access block."""

from __future__ import annotations

from local.alibaba.auth.principal import Principal
from local.alibaba.clock import Clock
from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Request
from local.alibaba.policy.document import Statement, parse
from local.alibaba.policy.evaluate import Decision, Question, combine, decide
from local.alibaba.state.buckets import OssBucket

READS = {"oss:getobject", "oss:getobjectversion"}
WRITES = {"oss:putobject", "oss:abortmultipartupload", "oss:deleteobject", "oss:deleteobjectversion", "oss:listparts"}
LISTS = {"oss:listobjects", "oss:listobjectversions", "oss:listmultipartuploads"}
POLICY_ACTIONS = {"oss:getbucketpolicy", "oss:putbucketpolicy", "oss:deletebucketpolicy"}


def public_blocked(bucket: OssBucket) -> bool:
    return "<BlockPublicAccess>true" in bucket.oss["configs"].get("publicAccessBlock", "")


def is_public(statement: Statement) -> bool:
    """A bucket policy statement for everybody; a condition on the source makes it not public."""
    everybody = "*" in (statement.principals or {}).get("Id", ())
    fixed = {"acs:sourceip", "acs:sourcevpc", "acs:sourcevpcid"}
    keys = {key.lower() for block in statement.condition.values() for key in block}
    return statement.effect == "Allow" and everybody and not keys & fixed


def context_of(request: Request, clock: Clock, action: str) -> dict[str, tuple[str, ...]]:
    """Condition keys of a request. Loopback HTTP stands for HTTPS unless the client says otherwise."""
    context: dict[str, tuple[str, ...]] = {
        "acs:SourceIp": (request.client_ip,),
        "acs:SecureTransport": ("false" if request.header("x-tenantry-insecure") else "true",),
        "acs:CurrentTime": (clock.iso(),),
        "acs:UserAgent": (request.header("user-agent"),),
    }
    if action.lower() in LISTS:  # a listing without these parameters is one with empty ones
        context["oss:Prefix"] = (request.query.get("prefix", ""),)
        context["oss:Delimiter"] = (request.query.get("delimiter", ""),)
    for header, key in (("x-oss-acl", "oss:x-oss-acl"), ("x-oss-object-acl", "oss:x-oss-object-acl")):
        if header in request.headers:
            context[key] = (request.headers[header],)
    return context


class Access:
    """Decides for one account."""

    def __init__(self, account: str, clock: Clock) -> None:
        self.account, self.clock = account, clock

    def _resources(self, bucket: str, region: str, key: str) -> tuple[str, ...]:
        name = f"{bucket}/{key}" if key else bucket or "*"
        return (f"acs:oss:oss-{region}:{self.account}:{name}", f"acs:oss:{region}:{self.account}:{name}")

    def allowed(
        self,
        principal: Principal,
        request: Request,
        action: str,
        name: str,
        bucket: OssBucket | None,
        key: str = "",
        object_acl: str = "default",
    ) -> bool:
        region = bucket.region_name if bucket else ""
        question = Question(
            action,
            self._resources(name, region, key),
            context_of(request, self.clock, action),
            {"Id": principal.bucket_policy_ids()},
        )
        attached = self._bucket_policy(bucket, question, action, principal)
        if principal.kind == "root":
            return attached is not Decision.DENY
        identity = decide(principal.statements, question)
        session = decide(principal.session, question) if principal.session is not None else None
        verdict = combine(identity, session, attached)
        if verdict is not Decision.NEUTRAL:
            return verdict is Decision.ALLOW
        return bucket is not None and self._acl_allows(bucket, action, object_acl)

    def _bucket_policy(
        self, bucket: OssBucket | None, question: Question, action: str, principal: Principal
    ) -> Decision:
        if bucket is None or not bucket.policy:
            return Decision.NEUTRAL
        if principal.kind == "root" and action.lower() in POLICY_ACTIONS:
            return Decision.NEUTRAL  # the owner can always repair the policy
        statements = parse(bucket.policy.decode(), "bucket")
        if public_blocked(bucket):
            statements = tuple(s for s in statements if not is_public(s))
        return decide(statements, question)

    def _acl_allows(self, bucket: OssBucket, action: str, object_acl: str) -> bool:
        if public_blocked(bucket):
            return False
        acl = bucket.oss["acl"]
        name = action.lower()
        effective = acl if object_acl == "default" or name not in READS else object_acl
        if name in READS:
            return effective in ("public-read", "public-read-write")
        if name == "oss:listobjects":
            return acl in ("public-read", "public-read-write")
        return name in WRITES and acl == "public-read-write"

    def require(
        self,
        principal: Principal,
        request: Request,
        action: str,
        name: str,
        bucket: OssBucket | None,
        key: str = "",
        object_acl: str = "default",
    ) -> None:
        if self.allowed(principal, request, action, name, bucket, key, object_acl):
            return
        if principal.kind == "anonymous":
            raise OssError(403, "AccessDenied", "Anonymous user has no right to access this bucket.", Bucket=name)
        raise OssError(
            403,
            "AccessDenied",
            "You have no right to access this object because of bucket acl."
            if key
            else "You have no permission for this action.",
            AuthAction=action,
            AuthPrincipalType=principal.kind,
            AuthPrincipalDisplayName=principal.name,
        )
