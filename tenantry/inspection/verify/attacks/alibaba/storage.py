"""Attacks on the object store, with the session that each tenant's application has."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from tenantry.inspection.verify.core.alibaba_session import bucket, denied, session
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, inconclusive, passed
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import PHOTO_DIRECTORIES, SYSTEM_DIRECTORIES, Names

BucketCall = Callable[[Any, str], Any]  # with a bucket, on a key
DIRECTORY: Final = {0: SYSTEM_DIRECTORIES[0], 1: PHOTO_DIRECTORIES[0]}  # one that exists in each of the two buckets


def key(context: VerifyContext, names: Names) -> str:
    """A key of our own below a tenant's prefix: no attack touches what somebody stored."""
    return f"{names.prefix}tenantry-verify-{context.mark}"


def removal(context: VerifyContext, name: str, written: str) -> Callable[[], None]:
    """Every version of what should not be there, by the provisioner."""

    def run() -> None:
        from tenantry.backup.contents import objects

        store = bucket(context, context.target.provisioner, name)
        for entry in list(objects.beginning(store, written)):
            store.delete_object(entry.key, params={"versionId": entry.version})
        for at, upload in objects.unfinished(store, written):
            store.abort_multipart_upload(at, upload)

    return run


def cross(
    attempt: BucketCall, *, writes: bool = False, there: bool = False, head: bool = False
) -> Callable[[VerifyContext], Iterator[Attempt]]:
    """On another's key in both buckets; `there`: on a directory that exists."""

    def trials(context: VerifyContext) -> Iterator[Attempt]:
        for attacker, other in context.pairs():
            for index, name in enumerate(context.target.buckets):
                at = other.prefix + DIRECTORY[index] if there else key(context, other)
                yield Attempt(
                    attacker.code, f"{other.code} {name}", _denied(context, attacker, name, attempt, at, writes, head)
                )

    return trials


def _denied(
    context: VerifyContext, names: Names, name: str, attempt: BucketCall, at: str, writes: bool, head: bool = False
) -> Callable[[], Verdict]:
    undo = removal(context, name, at) if writes else None
    return lambda: denied(lambda: attempt(bucket(context, session(context, names), name), at), undo, head=head)


def _copy_from(context: VerifyContext) -> Iterator[Attempt]:
    for attacker, other in context.pairs():
        for index, name in enumerate(context.target.buckets):
            source, to = other.prefix + DIRECTORY[index], key(context, attacker)

            def copy(store: Any, at: str, name: str = name, source: str = source) -> Any:
                return store.copy_object(name, source, at)

            yield Attempt(attacker.code, f"{other.code} {name}", _denied(context, attacker, name, copy, to, True))


def _part_copy(context: VerifyContext) -> Iterator[Attempt]:
    """An upload of one's own whose part is another's object."""
    for attacker, other in context.pairs():
        for index, name in enumerate(context.target.buckets):
            source, to = other.prefix + DIRECTORY[index], f"{key(context, attacker)}-{other.code}"
            yield Attempt(attacker.code, f"{other.code} {name}", _part(context, attacker, name, source, to))


def _part(context: VerifyContext, names: Names, name: str, source: str, to: str) -> Callable[[], Verdict]:
    def run() -> Verdict:
        store = bucket(context, session(context, names), name)
        upload = store.init_multipart_upload(to).upload_id
        try:
            return denied(lambda: store.upload_part_copy(name, source, (0, 0), to, upload, 1))
        finally:
            store.abort_multipart_upload(to, upload)

    return run


def _works(context: VerifyContext, names: Names, name: str) -> Callable[[], Verdict]:
    def run() -> Verdict:
        import oss2  # pyright: ignore[reportMissingTypeStubs]

        store, own = bucket(context, session(context, names), name), f"{key(context, names)}-own"
        try:
            store.put_object(own, b"tenantry verify")
            same: bool = store.get_object(own).read() == b"tenantry verify"
            # From just before it: a page holds 100 keys, and a tenant has any number of them.
            page = store.list_objects(prefix=names.prefix, marker=own[:-1])
            listed = [stored.key for stored in page.object_list]
            upload = store.init_multipart_upload(own).upload_id
            store.abort_multipart_upload(own, upload)
            store.delete_object(own)
        except oss2.exceptions.OssError as error:
            failure: Any = error
            return broken(f"{failure.status} {failure.code}")
        finally:
            removal(context, name, own)()
        return passed() if same and own in listed else inconclusive("what was written is not what is there")

    return run


def _own(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        for name in context.target.buckets:
            yield Attempt(names.code, name, _works(context, names, name))


PREFIX: Final = "objects below the exact prefix alone, a slash before the star"
ATTACKS: Final = (
    Attack("storage.get", PREFIX, "read another's object", cross(lambda b, k: b.get_object(k).read(), there=True)),
    Attack("storage.head", PREFIX, "look at another's object",
           cross(lambda b, k: b.head_object(k), there=True, head=True)),
    Attack("storage.put", PREFIX, "write below another's prefix",
           cross(lambda b, k: b.put_object(k, b"x"), writes=True)),
    Attack("storage.append", PREFIX, "append below another's prefix",
           cross(lambda b, k: b.append_object(k, 0, b"x"), writes=True)),
    Attack("storage.delete", PREFIX, "delete below another's prefix (a key that nobody has)",
           cross(lambda b, k: b.delete_object(k), writes=True)),
    Attack("storage.multipart", PREFIX, "begin an upload in parts below another's prefix",
           cross(lambda b, k: b.init_multipart_upload(k), writes=True)),
    Attack("storage.list", "listing by the exact oss:Prefix alone", "list another's prefix",
           cross(lambda b, k: b.list_objects(prefix=k[: k.rfind("/") + 1]))),
    Attack("storage.copy", "the source of a copy is read with the same right", "copy another's object to oneself",
           _copy_from),
    Attack("storage.part-copy", "the source of a copy is read with the same right",
           "upload a part copied from another's object", _part_copy),
    Attack("storage.own", "the tenant's own rights", "write, read, list, upload in parts and delete its own", _own),
)  # fmt: skip
