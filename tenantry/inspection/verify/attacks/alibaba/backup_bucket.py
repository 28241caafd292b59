"""Attacks on the bucket of the backups, which is no tenant's: by each tenant's session, the broker's, nobody."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from tenantry.inspection.verify.attacks.alibaba.storage import key, removal
from tenantry.inspection.verify.core.alibaba_session import broker, bucket, denied, session
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Keys
from tenantry.names import SYSTEM_DIRECTORIES, Names

Sessions = Callable[[], Keys | None]
Try = tuple[Callable[[Any, str], Any], bool]  # with the bucket, on a key; whether it writes there
PLAIN: Final[dict[str, Try]] = {
    "get": (lambda b, k: b.get_object(k).read(), False),
    "put": (lambda b, k: b.put_object(k, b"x"), True),
    "delete": (lambda b, k: b.delete_object(k), True),
    "list": (lambda b, k: b.list_objects(prefix=k), False),
    "list all": (lambda b, k: b.list_objects(), False),
}


def _vault(context: VerifyContext) -> Iterator[Attempt]:
    for name in context.target.vault:
        for names in context.with_access:
            yield from _plain(context, partial(session, context, names), name, names.code, names.code)
            yield Attempt(names.code, f"copy from {name}", partial(_copy_from, context, names, name))
            yield Attempt(names.code, f"copy to {name}", partial(_copy_to, context, names, name))
        yield from _plain(context, partial(broker, context), name, "", "broker")
        yield from _plain(context, lambda: None, name, "", "nobody")


def _plain(context: VerifyContext, keys: Sessions, name: str, tenant: str, who: str) -> Iterator[Attempt]:
    for what, (attempt, writes) in PLAIN.items():
        at = f"{who}/tenantry-verify-{context.mark}"
        yield Attempt(tenant, f"{who} {what} {name}", partial(_denied, context, keys, name, attempt, at, writes))


def _denied(
    context: VerifyContext, keys: Sessions, name: str, attempt: Callable[[Any, str], Any], at: str, writes: bool
) -> Verdict:
    return denied(lambda: attempt(bucket(context, keys(), name), at), removal(context, name, at) if writes else None)


def _copy_from(context: VerifyContext, names: Names, name: str) -> Verdict:
    own, to = next(iter(context.target.buckets)), f"{key(context, names)}-vault"
    source = f"{names.code}/tenantry-verify-{context.mark}"
    return denied(
        lambda: bucket(context, session(context, names), own).copy_object(name, source, to), removal(context, own, to)
    )


def _copy_to(context: VerifyContext, names: Names, name: str) -> Verdict:
    own, source = next(iter(context.target.buckets)), names.prefix + SYSTEM_DIRECTORIES[0]
    to = f"{names.code}/tenantry-verify-{context.mark}-copy"
    return denied(
        lambda: bucket(context, session(context, names), name).copy_object(own, source, to), removal(context, name, to)
    )


ATTACKS: Final = (
    Attack("storage.vault", "no right on other buckets", "read, write, delete, list, copy from and to the backups",
           _vault),
)  # fmt: skip
