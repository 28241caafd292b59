"""A tenant's sessions at Alibaba Cloud, and its buckets as that session sees them."""

import importlib
from collections.abc import Callable, Collection
from typing import Any, Final

from tenantry.engine.clients.alibaba_rpc import call
from tenantry.inspection.verify.core.attack import Verdict, inconclusive, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Keys
from tenantry.model.trust_policy import provider_arn
from tenantry.names import BROKER_ACCOUNT, BROKER_ROLE, PLATFORM_NAMESPACE, Names
from tenantry.parsing.json_narrowing import mapping

TIMEOUT_SECONDS: Final = 15
SESSION_SECONDS: Final = 900  # the shortest that STS hands out
_STS: Final = ("sts.aliyuncs.com", "2015-04-01")
ANSWER_DENIED: Final = ("NoPermission", "AccessDenied", "Forbidden.RAM")


def environment_of(context: VerifyContext, keys: Keys) -> dict[str, str]:
    """The keys in the form that `tenantry.engine.clients.alibaba_rpc.call` takes."""
    return {
        "ALICLOUD_ACCESS_KEY": keys.identity,
        "ALICLOUD_SECRET_KEY": keys.secret,
        **({"ALICLOUD_SECURITY_TOKEN": keys.token} if keys.token else {}),
        **({"TENANTRY_ALIBABA_PROXY": context.target.proxy} if context.target.proxy else {}),
    }


def assume(context: VerifyContext, keys: Keys, role: str) -> Keys:
    """A session of the role. Raises OSError, whose text ends with the service's code."""
    wanted = {
        "RoleArn": f"acs:ram::{context.target.account}:role/{role}",
        "RoleSessionName": "tenantry-verify",
        "DurationSeconds": SESSION_SECONDS,
    }
    return _keys(mapping(call(*_STS, "AssumeRole", wanted, environment_of(context, keys)).get("Credentials")))


def assume_by_token(context: VerifyContext, token: str, role: str, seconds: int = SESSION_SECONDS) -> Keys:
    """Takes a session with a pod's projected token: no key is needed. Raises OSError as above."""
    import requests

    host, version = _STS
    proxy = context.target.proxy
    answer = requests.post(
        f"{'http' if proxy else 'https'}://{host}/",
        params={"Action": "AssumeRoleWithOIDC", "Version": version, "Format": "JSON"},
        data={
            "RoleArn": f"acs:ram::{context.target.account}:role/{role}",
            "OIDCProviderArn": provider_arn(context.target.account, context.target.identity_provider),
            "OIDCToken": token,
            "RoleSessionName": "tenantry-verify",
            "DurationSeconds": str(seconds),
            "SignatureNonce": context.mark,
        },
        proxies={"http": proxy} if proxy else {},
        timeout=TIMEOUT_SECONDS,
    )
    document = mapping(answer.json())
    if "Credentials" not in document:
        raise OSError(f"{host} does not answer AssumeRoleWithOIDC: {document.get('Code')}")
    return _keys(mapping(document["Credentials"]))


def _keys(credentials: Any) -> Keys:
    return Keys(str(credentials["AccessKeyId"]), str(credentials["AccessKeySecret"]), str(credentials["SecurityToken"]))


def broker(context: VerifyContext) -> Keys:
    """A session of the credential broker's role, as its pods take it: it has no key."""

    def take() -> Keys:
        token = context.token_of(PLATFORM_NAMESPACE, BROKER_ACCOUNT, context.target.audience)
        return assume_by_token(context, token, BROKER_ROLE)

    return context.cached("broker", take, SESSION_SECONDS)


def session(context: VerifyContext, names: Names) -> Keys:
    """The tenant's own, as the credential broker hands it out."""
    return context.cached(
        f"session {names.code}", lambda: assume(context, broker(context), names.ram_role), SESSION_SECONDS
    )


def bucket(context: VerifyContext, keys: Keys | None, name: str, region: str = "") -> Any:
    """Under its real host name; without keys as anybody on the Internet."""
    oss2: Any = importlib.import_module("oss2")  # carries no types, and takes half a second
    if keys is None:
        auth: Any = oss2.AnonymousAuth()
    elif keys.token:
        auth = oss2.StsAuth(keys.identity, keys.secret, keys.token, auth_version="v4")
    else:
        auth = oss2.AuthV4(keys.identity, keys.secret)
    region = region or {**context.target.buckets, **context.target.vault}[name]
    proxy = context.target.proxy
    return oss2.Bucket(
        auth,
        f"{'http' if proxy else 'https'}://oss-{region}.aliyuncs.com",
        name,
        session=context.cached("oss session", oss2.Session),
        connect_timeout=TIMEOUT_SECONDS,
        proxies={"http": proxy, "https": proxy} if proxy else None,
        region=region,
    )


def denied(attempt: Callable[[], Any], undo: Callable[[], Any] | None = None, *, head: bool = False) -> Verdict:
    """Held for OSS's own AccessDenied alone; what was written against the rules is taken away again."""
    oss2: Any = importlib.import_module("oss2")
    try:
        attempt()
    except oss2.exceptions.OssError as error:
        failure: Any = error
        code = failure.code or failure.details.get("Code", "")
        # The answer to a HEAD has no body and so no code.
        if failure.status == 403 and (code == "AccessDenied" or (head and not code)):
            return passed()
        return inconclusive(f"refused for another reason: {failure.status} {code}")
    if undo is not None:
        undo()
    return vulnerable("OSS did it")


def no_session(attempt: Callable[[], Keys], codes: Collection[str] = ANSWER_DENIED) -> Verdict:
    """Held when STS refuses for one of these reasons."""
    try:
        attempt()
    except OSError as error:
        code = str(error).rpartition(": ")[2]
        return passed() if code.startswith(tuple(codes)) else inconclusive(f"refused for another reason: {code}")
    return vulnerable("STS gave a session")
