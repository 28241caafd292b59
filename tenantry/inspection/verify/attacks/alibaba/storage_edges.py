"""Attacks around a tenant's prefix and its role: neighbours, parents, whole buckets, other roles, nobody at all."""

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from tenantry.inspection.verify.attacks.alibaba.storage import PREFIX, key, removal
from tenantry.inspection.verify.core.alibaba_session import (
    TIMEOUT_SECONDS,
    assume,
    assume_by_token,
    bucket,
    denied,
    no_session,
    session,
)
from tenantry.inspection.verify.core.attack import Attack, Attempt, State, Verdict, broken, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import PREFIX_ROOT, SESSION_SECONDS, SYSTEM_DIRECTORIES, Names

NO_TRUST: Final = ("AuthenticationFail.NoPermission", "NoPermission")
NO_TOKEN: Final = ("AuthenticationFail",)
Try = tuple[str, Callable[[Any], Any], str]  # what, the attempt on a bucket, the key it writes


def _everywhere(tries: Callable[[VerifyContext, Names], list[Try]]) -> Callable[[VerifyContext], Iterator[Attempt]]:
    def trials(context: VerifyContext) -> Iterator[Attempt]:
        for names in context.with_access:
            for name in context.target.buckets:
                for what, attempt, written in tries(context, names):
                    yield Attempt(names.code, f"{what} {name}", _denied(context, names, name, attempt, written))

    return trials


def _denied(
    context: VerifyContext, names: Names, name: str, attempt: Callable[[Any], Any], written: str
) -> Callable[[], Verdict]:
    undo = removal(context, name, written) if written else None
    return lambda: denied(lambda: attempt(bucket(context, session(context, names), name)), undo)


def _near(context: VerifyContext, names: Names) -> list[Try]:
    """Keys that a prefix without its slash, a star too early, or one that runs across the colons, would let through."""
    mark = f"tenantry-verify-{context.mark}"
    phone = names.phone
    near = {
        "longer": f"{PREFIX_ROOT}{phone}0/{mark}",
        "glued": f"{PREFIX_ROOT}{phone}{mark}",
        "shorter": f"{PREFIX_ROOT}{phone[:-1]}/{mark}",
        "parent": f"{PREFIX_ROOT}{mark}",
        "root": mark,
        "upper": f"{names.prefix.upper()}{mark}",
    }
    for name in context.target.buckets:
        near[f"grant in the name, {name}"] = (
            f"{PREFIX_ROOT}{phone}0/{mark}:{context.target.account}:{name}/{names.prefix}x"
        )
    return [grant for what, at in near.items() for grant in _on(what, at)]


def _on(what: str, at: str) -> list[Try]:
    return [
        (f"{what}: put", lambda b: b.put_object(at, b"x"), at),
        (f"{what}: get", lambda b: b.get_object(at).read(), ""),
        (f"{what}: delete", lambda b: b.delete_object(at), at),
    ]


def _lists(context: VerifyContext, names: Names) -> list[Try]:
    phone = names.phone
    prefixes = {
        "everything": "",
        "parent": PREFIX_ROOT,
        "no slash": names.prefix.rstrip("/"),
        "longer": f"{PREFIX_ROOT}{phone}0/",
        "shorter": f"{PREFIX_ROOT}{phone[:3]}",
    }
    listed = [entry for what, prefix in prefixes.items() for entry in _below(what, prefix)]
    return [*listed, ("folders", lambda b: b.list_objects(prefix=PREFIX_ROOT, delimiter="/"), "")]


def _below(what: str, prefix: str) -> list[Try]:
    return [
        (what, lambda b: b.list_objects(prefix=prefix), ""),
        (f"{what}, second version", lambda b: b.list_objects_v2(prefix=prefix), ""),
    ]


def _owners(context: VerifyContext, names: Names) -> list[Try]:
    """A bucket's own settings, uploads and versions; and opening one's own object to the world."""
    own = f"{key(context, names)}-acl"
    return [
        ("acl", lambda b: b.get_bucket_acl(), ""),
        ("policy", lambda b: b.get_bucket_policy(), ""),
        ("lifecycle", lambda b: b.get_bucket_lifecycle(), ""),
        ("encryption", lambda b: b.get_bucket_encryption(), ""),
        ("versions", lambda b: b.list_object_versions(prefix=names.prefix), ""),
        ("uploads", lambda b: b.list_multipart_uploads(), ""),
        ("public object", lambda b: b.put_object_acl(own, "public-read"), ""),
        ("tags", lambda b: b.get_bucket_tagging(), ""),
    ]


def _buckets(context: VerifyContext) -> Iterator[Attempt]:
    oss2: Any = importlib.import_module("oss2")
    for names in context.with_access:
        for region in sorted(set(context.target.buckets.values())):

            def attempt(names: Names = names, region: str = region) -> Any:
                store = bucket(context, session(context, names), next(iter(context.target.buckets)), region)
                service = oss2.Service(
                    store.auth, store.endpoint, connect_timeout=TIMEOUT_SECONDS, proxies=store.proxies, region=region
                )
                return service.list_buckets()

            yield Attempt(names.code, region, partial(denied, attempt))


def _anybody(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.selected:
        at = key(context, names)
        for name in context.target.buckets:
            for what, attempt, written in _plain(names, at):
                yield Attempt("", f"{names.code} {what} {name}", _as_nobody(context, name, attempt, written))


def _plain(names: Names, at: str) -> list[Try]:
    return [
        ("get", lambda b: b.get_object(names.prefix + SYSTEM_DIRECTORIES[0]).read(), ""),
        ("put", lambda b: b.put_object(at, b"x"), at),
        ("list", lambda b: b.list_objects(prefix=names.prefix), ""),
    ]


def _as_nobody(context: VerifyContext, name: str, attempt: Callable[[Any], Any], written: str) -> Callable[[], Verdict]:
    undo = removal(context, name, written) if written else None
    return lambda: denied(lambda: attempt(bucket(context, None, name)), undo)


def _role(context: VerifyContext, names: Names, other: Names) -> Verdict:
    return no_session(lambda: assume(context, session(context, names), other.ram_role))


def _roles(context: VerifyContext) -> Iterator[Attempt]:
    return (
        Attempt(attacker.code, other.code, partial(_role, context, attacker, other))
        for attacker, other in context.pairs()
    )


def _token(context: VerifyContext, names: Names, other: Names) -> Verdict:
    return no_session(
        lambda: assume_by_token(context, context.token(names, context.target.audience), other.ram_role), NO_TRUST
    )


def _tokens(context: VerifyContext) -> Iterator[Attempt]:
    return (
        Attempt(attacker.code, other.code, partial(_token, context, attacker, other))
        for attacker, other in context.pairs(spaces=True)
    )


def _audience(context: VerifyContext, names: Names) -> Verdict:
    return no_session(lambda: assume_by_token(context, context.token(names), names.ram_role), NO_TOKEN)


def _other_audience(context: VerifyContext) -> Iterator[Attempt]:
    return (Attempt(names.code, names.ram_role, partial(_audience, context, names)) for names in context.with_namespace)


def _own_token(context: VerifyContext, names: Names) -> Verdict:
    try:
        keys = assume_by_token(context, context.token(names, context.target.audience), names.ram_role)
    except OSError as error:
        return broken(str(error))
    renewed = no_session(lambda: assume(context, keys, names.ram_role))
    return vulnerable(f"a session renews itself past {SESSION_SECONDS} s") if renewed.state is State.HOLE else renewed


def _own(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        yield Attempt(names.code, names.ram_role, partial(_own_token, context, names))


ATTACKS: Final = (
    Attack("storage.near", PREFIX, "write, read, delete beside its prefix: longer, shorter, glued, parent, root",
           _everywhere(_near)),
    Attack("storage.list-near", "listing by the exact oss:Prefix alone", "list parents, neighbours, everything",
           _everywhere(_lists)),
    Attack("storage.bucket", "no action on buckets", "read a bucket's settings, versions, uploads; publish an object",
           _everywhere(_owners)),
    Attack("storage.buckets", "no ListBuckets", "list the account's buckets", _buckets),
    Attack("storage.public", "public access is blocked", "read, write and list without any key", _anybody),
    Attack("sts.role", "trust names the workload and the broker alone", "take another's role with one's session",
           _roles),
    Attack("sts.token", "trust names the exact service account", "take another's role with one's own token", _tokens),
    Attack("sts.audience", "trust names the audience", "take one's role with a token for the Kubernetes API",
           _other_audience),
    Attack("sts.own", "the tenant's own rights; a session cannot renew itself", "take its role as its pods do", _own),
)  # fmt: skip
