"""OSS buckets and objects kept in moto's S3 models.

moto's bucket holds the keys, versions, uploads, versioning status and policy. What OSS has beyond S3 (ACL
words, XML configurations as sent) hangs on two small subclasses. Version order is moto's: newest last.
"""

from __future__ import annotations

import base64
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from moto.s3.models import FakeBucket, FakeKey, FakeMultipart, S3Backend, s3_backends

from local.alibaba.clock import Clock
from local.alibaba.state import Unremembered, moto_account
from local.alibaba.state.store import Document, Store

NULL = "null"


@dataclass(slots=True)
class Facts:
    """The facts that OSS keeps of one version of an object, of a delete marker or of a part."""

    bucket: str
    key: str
    version: str
    seq: int
    modified: float
    marker: bool = False
    size: int = 0
    etag: str = ""
    crc: str = ""
    body: str = ""
    acl: str = "default"
    kind: str = "Normal"
    storage_class: str = "Standard"
    encryption: str = ""
    meta: dict[str, str] = field(default_factory=dict[str, str])
    tags: dict[str, str] = field(default_factory=dict[str, str])


class OssKey(Unremembered, FakeKey):
    """moto's key with its bytes in a body file instead of memory."""

    def __init__(self, facts: Facts, account: str, region: str, store: Store) -> None:
        super().__init__(
            facts.key, b"", account, region, etag=facts.etag, version_id=facts.version, bucket_name=facts.bucket
        )
        self.dispose()
        self.facts, self._store = facts, store
        self.contentsize = facts.size
        self.last_modified = datetime.fromtimestamp(facts.modified, UTC).replace(tzinfo=None)

    @property
    def value(self) -> bytes:
        return self._store.read_body(self.facts.body)

    @value.setter
    def value(self, new_value: bytes) -> None:
        """moto's constructor assigns an empty value; bytes are only ever written through the store."""

    def __del__(self) -> None:
        """Nothing to release: the buffer is closed and the body file belongs to the store."""


class OssUpload(Unremembered, FakeMultipart):
    """moto's multipart upload; its parts are OssKeys by number."""

    def __init__(self, key: str, account: str, region: str, document: Document) -> None:
        super().__init__(key, {}, account, region)  # pyright: ignore[reportArgumentType] - a plain dict serves
        self.document = document
        self.id = document["id"]


class OssBucket(Unremembered, FakeBucket):
    """moto's bucket with what OSS keeps beside: region, ACL, classes, configurations by name (XML as stored)."""

    def __init__(self, account: str, document: Document) -> None:
        super().__init__(document["name"], account, document["region"])
        self.oss = document
        self.versioning_status = document["versioning"]
        self.policy = document["policy"].encode() if document["policy"] else None
        self.creation_date = datetime.fromtimestamp(document["created"], UTC)

    def uploads(self) -> list[OssUpload]:
        return [upload for upload in self.multiparts.values() if isinstance(upload, OssUpload)]


class Buckets:
    """Every change to buckets, objects and uploads goes through here, so that it is written down."""

    def __init__(self, account: str, store: Store, clock: Clock) -> None:
        self.account, self.store, self.clock = moto_account(account), store, clock
        self.backend: S3Backend = s3_backends[moto_account(account)]["aws"]
        self._buckets: dict[str, OssBucket] = {}
        self._seq = 0
        self._load()

    def _load(self) -> None:
        bodies: set[str] = set()
        for document in self.store.all("bucket"):
            self._admit(document)
        for document in sorted(self.store.all("object"), key=lambda d: d["seq"]):
            facts = Facts(**document)
            self._hang(facts)
            bodies.add(facts.body)
            self._seq = max(self._seq, facts.seq)
        for document in self.store.all("upload"):
            upload = self._hang_upload(document)
            for number, part in document["parts"].items():
                self._hang_part(upload, int(number), Facts(**part))
                bodies.add(part["body"])
        self.store.sweep(bodies)

    # buckets
    def _admit(self, document: Document) -> OssBucket:
        bucket = OssBucket(self.account, document)
        self.backend.buckets[bucket.name] = bucket
        self._buckets[bucket.name] = bucket
        return bucket

    def create(self, name: str, region: str, acl: str, storage_class: str, redundancy: str) -> OssBucket:
        bucket = self._admit(
            {
                "name": name,
                "region": region,
                "acl": acl,
                "storage_class": storage_class,
                "redundancy": redundancy,
                "created": self.clock.now(),
                "versioning": None,
                "policy": "",
                "configs": {},
            }
        )
        self.save(bucket)
        return bucket

    def save(self, bucket: OssBucket) -> None:
        document = bucket.oss
        document["versioning"] = bucket.versioning_status
        document["policy"] = bucket.policy.decode() if bucket.policy else ""
        self.store.put("bucket", bucket.name, document)

    def find(self, name: str) -> OssBucket | None:
        return self._buckets.get(name)

    def all(self) -> list[OssBucket]:
        return sorted(self._buckets.values(), key=lambda b: b.name)

    def delete(self, bucket: OssBucket) -> None:
        self.backend.delete_bucket(bucket.name)
        del self._buckets[bucket.name]
        self.store.remove("bucket", bucket.name)

    # objects
    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def new_version(self, bucket: OssBucket) -> str:
        if not bucket.is_versioned:
            return NULL
        return base64.b64encode(os.urandom(24), b"-_").decode().rstrip("=") + "AgICAgICAg"

    def _hang(self, facts: Facts) -> OssKey:
        bucket = self._buckets[facts.bucket]
        key = OssKey(facts, self.account, bucket.region_name, self.store)
        bucket.keys.setlist(facts.key, [*bucket.keys.getlist(facts.key, []), key])
        return key

    def add(self, facts: Facts) -> OssKey:
        """A new newest version; a null version of the same key gives way to a new null version."""
        bucket = self._buckets[facts.bucket]
        if facts.version == NULL and (old := self.version(bucket, facts.key, NULL)):
            self.remove(old)
        key = self._hang(facts)
        self.store.put("object", _object_id(facts), asdict(facts))
        return key

    def touch(self, key: OssKey) -> None:
        """Write down changed facts (ACL, tags, appended body)."""
        key.contentsize, key._etag = key.facts.size, key.facts.etag
        self.store.put("object", _object_id(key.facts), asdict(key.facts))

    def remove(self, key: OssKey) -> None:
        bucket = self._buckets[key.facts.bucket]
        left = [k for k in bucket.keys.getlist(key.facts.key, []) if k is not key]
        if left:
            bucket.keys.setlist(key.facts.key, left)
        else:
            bucket.keys.pop(key.facts.key)
        self.store.remove("object", _object_id(key.facts))
        self.store.drop_body(key.facts.body)

    def versions(self, bucket: OssBucket, key: str) -> list[OssKey]:
        return bucket.keys.getlist(key, [])

    def current(self, bucket: OssBucket, key: str) -> OssKey | None:
        """Newest version, a delete marker included."""
        versions = self.versions(bucket, key)
        return versions[-1] if versions else None

    def version(self, bucket: OssBucket, key: str, version: str) -> OssKey | None:
        return next((k for k in self.versions(bucket, key) if k.facts.version == version), None)

    # uploads
    def _hang_upload(self, document: Document) -> OssUpload:
        bucket = self._buckets[document["bucket"]]
        upload = OssUpload(document["key"], self.account, bucket.region_name, document)
        bucket.multiparts[upload.id] = upload
        return upload

    def _hang_part(self, upload: OssUpload, number: int, facts: Facts) -> OssKey:
        part = OssKey(facts, self.account, "oss", self.store)
        upload.parts[number] = part
        upload.partlist = sorted(upload.parts)
        return part

    def start_upload(self, bucket: OssBucket, key: str, meta: dict[str, str], acl: str) -> OssUpload:
        document = {
            "bucket": bucket.name,
            "key": key,
            "id": os.urandom(16).hex().upper(),
            "created": self.clock.now(),
            "meta": meta,
            "acl": acl,
            "parts": {},
        }
        upload = self._hang_upload(document)
        self.store.put("upload", upload.id, document)
        return upload

    def put_part(self, upload: OssUpload, number: int, facts: Facts) -> None:
        if old := upload.parts.get(number):
            self.store.drop_body(old.facts.body)  # pyright: ignore[reportAttributeAccessIssue] - parts are OssKeys
        self._hang_part(upload, number, facts)
        upload.document["parts"][str(number)] = asdict(facts)
        self.store.put("upload", upload.id, upload.document)

    def drop_upload(self, bucket: OssBucket, upload: OssUpload) -> None:
        for part in upload.parts.values():
            self.store.drop_body(part.facts.body)  # pyright: ignore[reportAttributeAccessIssue] - as above
        bucket.multiparts.pop(upload.id, None)
        self.store.remove("upload", upload.id)


def _object_id(facts: Facts) -> str:
    return f"{facts.bucket}\n{facts.key}\n{facts.version}"
