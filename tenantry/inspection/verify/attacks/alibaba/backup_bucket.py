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


def _vault(field: VerifyContext) -> Iterator[Attempt]:
    for name in field.at.vault:
        for names in field.living:
            yield from _plain(field, partial(session, field, names), name, names.code, names.code)
            yield Attempt(names.code, f"copy from {name}", partial(_copy_from, field, names, name))
            yield Attempt(names.code, f"copy to {name}", partial(_copy_to, field, names, name))
        yield from _plain(field, partial(broker, field), name, "", "broker")
        yield from _plain(field, lambda: None, name, "", "nobody")


def _plain(field: VerifyContext, keys: Sessions, name: str, tenant: str, who: str) -> Iterator[Attempt]:
    for what, (attempt, writes) in PLAIN.items():
        at = f"{who}/tenantry-verify-{field.mark}"
        yield Attempt(tenant, f"{who} {what} {name}", partial(_denied, field, keys, name, attempt, at, writes))


def _denied(
    field: VerifyContext, keys: Sessions, name: str, attempt: Callable[[Any, str], Any], at: str, writes: bool
) -> Verdict:
    return denied(lambda: attempt(bucket(field, keys(), name), at), removal(field, name, at) if writes else None)


def _copy_from(field: VerifyContext, names: Names, name: str) -> Verdict:
    own, to = next(iter(field.at.buckets)), f"{key(field, names)}-vault"
    source = f"{names.code}/tenantry-verify-{field.mark}"
    return denied(
        lambda: bucket(field, session(field, names), own).copy_object(name, source, to), removal(field, own, to)
    )


def _copy_to(field: VerifyContext, names: Names, name: str) -> Verdict:
    own, source = next(iter(field.at.buckets)), names.prefix + SYSTEM_DIRECTORIES[0]
    to = f"{names.code}/tenantry-verify-{field.mark}-copy"
    return denied(
        lambda: bucket(field, session(field, names), name).copy_object(own, source, to), removal(field, name, to)
    )


ATTACKS: Final = (
    Attack("storage.vault", "no right on other buckets", "read, write, delete, list, copy from and to the backups",
           _vault),
)  # fmt: skip
