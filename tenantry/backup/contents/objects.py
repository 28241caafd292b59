"""A tenant's objects: listed, copied, read back, put back, and in the end removed.

Buckets in different regions cannot copy from one another, so such a copy goes through here and is hashed on its way.
What is copied and hashed are the bytes that OSS keeps: a page that was stored compressed stays compressed.
What lies below a prefix *now* is copied; versions that were overwritten stay in the tenant's bucket for 30 days.
"""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any, Final
from urllib.parse import urlencode

import urllib3

from tenantry.backup.contents.layout import BackupPaths
from tenantry.backup.contents.manifest import Copied
from tenantry.backup.errors import BackupError, oss2

AT_ONCE: Final = 8  # objects on their way
CHUNK: Final = 1024 * 1024
IN_MEMORY: Final = 8 * 1024 * 1024  # larger ones go over a temporary file
IN_PARTS: Final = 512 * 1024 * 1024  # one request takes 5 GiB at most; parts of this size reach to 5 TiB
PAGE: Final = 1000
# In a list of keys, which is XML, these stand for others, or for none; OSS takes them in a key all the same.
NOT_IN_XML: Final = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
KEPT_HEADERS: Final = (
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
    "expires",
)


@dataclass(frozen=True, slots=True)
class Found:
    """One object as it lies below a prefix now."""

    bucket: str
    key: str
    path: str
    version: str
    size: int


def current(bucket: Any, name: str, prefix: str) -> Iterator[Found]:
    """The newest version of every key below the prefix that was not removed."""
    for version in versions(bucket, prefix):
        if version.is_latest and not version.is_marker:
            path = version.key.removeprefix(prefix)
            yield Found(name, version.key, path, version.version, version.size)


@dataclass(frozen=True, slots=True)
class Version:
    key: str
    version: str
    size: int
    is_latest: bool
    is_marker: bool


def versions(bucket: Any, prefix: str) -> Iterator[Version]:
    """All versions and delete markers below a prefix. It must end with a slash: a neighbour's begins like it."""
    _checked(prefix)
    return beginning(bucket, prefix)


def beginning(bucket: Any, prefix: str) -> Iterator[Version]:
    """All versions and delete markers of the keys that begin so, page by page."""
    key_marker = version_marker = ""
    while True:
        page = bucket.list_object_versions(
            prefix=prefix, max_keys=PAGE, key_marker=key_marker, versionid_marker=version_marker
        )
        for version in page.versions:
            yield Version(version.key, version.versionid or "null", version.size, bool(version.is_latest), False)
        for marker in page.delete_marker:
            yield Version(marker.key, marker.versionid or "null", 0, bool(marker.is_latest), True)
        if not page.is_truncated:
            return
        key_marker, version_marker = page.next_key_marker, page.next_versionid_marker


def uploads(bucket: Any, prefix: str) -> list[tuple[str, str]]:
    """Unfinished multipart uploads below a prefix: key and upload id."""
    _checked(prefix)
    return unfinished(bucket, prefix)


def unfinished(bucket: Any, prefix: str) -> list[tuple[str, str]]:
    """Unfinished multipart uploads of the keys that begin so: key and upload id, from all pages."""
    return [(upload.key, upload.upload_id) for upload in oss2.MultipartUploadIterator(bucket, prefix=prefix)]


def keys(bucket: Any, prefix: str) -> dict[str, int]:
    """Key -> size of what lies below a prefix."""
    _checked(prefix)
    return {stored.key: stored.size for stored in oss2.ObjectIteratorV2(bucket, prefix=prefix, max_keys=PAGE)}


def _checked(prefix: str) -> None:
    if not prefix.endswith("/") or prefix.startswith("/") or len(prefix) < 4:
        raise BackupError(f"{prefix!r} is no prefix", "this is a fault of the program: nothing was read or removed")


@dataclass(frozen=True, slots=True)
class Streamed:
    size: int
    sha256: str


def copy(source: Any, key: str, target: Any, target_key: str, version: str | None = None) -> Streamed:
    """Reads one object and writes it elsewhere with its headers, metadata and tags, hashed on the way."""
    params = {"versionId": version} if version and version != "null" else {}
    answer = source.get_object(key, params=dict(params))
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name.lower() in KEPT_HEADERS or name.lower().startswith("x-oss-meta-")
    }
    if int(answer.headers.get("x-oss-tagging-count") or 0):
        headers["x-oss-tagging"] = urlencode(source.get_object_tagging(key, params=dict(params)).tag_set.tagging_rule)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as scratch:
        streamed = _drain(answer, scratch)
        scratch.seek(0)
        _upload(target, target_key, scratch, streamed.size, headers)
    return streamed


def copy_within(bucket: Any, key: str, target_key: str, size: int) -> None:
    """Within one bucket OSS itself copies, with all that belongs to the object; also over a copy that is there."""
    if size <= IN_PARTS:
        bucket.copy_object(bucket.bucket_name, key, target_key)
    else:
        copy(bucket, key, bucket, target_key)


def upload_file(target: Any, key: str, file: IO[bytes], size: int) -> None:
    _upload(target, key, file, size, {})


def _upload(target: Any, key: str, file: IO[bytes], size: int, headers: Mapping[str, str]) -> None:
    """oss2 compares the checksum (CRC-64) that OSS answers with its own."""
    if size <= IN_PARTS:
        target.put_object(key, file, headers=dict(headers))
        return
    upload_id = target.init_multipart_upload(key, headers=dict(headers)).upload_id
    parts: list[Any] = []
    for number in range(1, -(-size // IN_PARTS) + 1):
        length = min(IN_PARTS, size - (number - 1) * IN_PARTS)
        done = target.upload_part(key, upload_id, number, oss2.SizedFileAdapter(file, length))
        parts.append(oss2.models.PartInfo(number, done.etag, size=length, part_crc=done.crc))
    target.complete_multipart_upload(key, upload_id, parts)


def _drain(answer: Any, sink: IO[bytes] | None) -> Streamed:
    """The bytes as they are stored: oss2's own reading unpacks what is stored compressed."""
    digest, size, stream = hashlib.sha256(), 0, answer.resp.response.raw
    try:
        while chunk := stream.read(CHUNK, decode_content=False):
            digest.update(chunk)
            size += len(chunk)
            if sink is not None:
                sink.write(chunk)
    except urllib3.exceptions.HTTPError as error:
        raise oss2.exceptions.RequestError(error) from error
    return Streamed(size, digest.hexdigest())


def read_back(bucket: Any, key: str) -> Streamed:
    return _drain(bucket.get_object(key), None)


def fetch(bucket: Any, key: str, sink: IO[bytes]) -> Streamed:
    return _drain(bucket.get_object(key), sink)


def copy_new_objects(
    objects: list[Found],
    sources: Mapping[str, Any],
    backups: Any,
    shelf: BackupPaths,
    known: Mapping[str, Streamed],
    tick: Callable[[], None],
) -> tuple[Copied, ...]:
    """Copies what was not copied before; `known` tells the size and hash of earlier copies by their key."""
    there = keys(backups, shelf.objects)

    def one(item: Found) -> Copied:
        target = shelf.copy(item.bucket, item.version, item.path)
        streamed = known.get(target) if item.version != "null" and there.get(target) == item.size else None
        if streamed is None:
            streamed = copy(sources[item.bucket], item.key, backups, target, item.version)
            if item.version != "null" and streamed.size != item.size:
                raise BackupError(f"{item.path} came as {streamed.size} bytes instead of {item.size}", "run again")
        tick()
        return Copied(
            bucket=item.bucket, path=item.path, version=item.version, size=streamed.size, sha256=streamed.sha256
        )

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="copy") as pool:
        return tuple(pool.map(one, objects))


def each(action: Callable[[Copied], str | None], items: tuple[Copied, ...], tick: Callable[[], None]) -> list[str]:
    """Results of the actions, a few at a time; `tick` is called after each, in turn."""
    corrupt: list[str] = []
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="object") as pool:
        for result in pool.map(action, items):
            tick()
            if result:
                corrupt.append(result)
    return corrupt


def delete_all_versions(bucket: Any, prefix: str, tick: Callable[[], None] = lambda: None) -> int:
    """Removes all versions, delete markers and unfinished uploads below the prefix; returns how many there were."""
    begun = uploads(bucket, prefix)
    for key, upload_id in begun:
        bucket.abort_multipart_upload(key, upload_id)
    doomed = list(versions(bucket, prefix))
    remove(bucket, doomed, tick)
    return len(begun) + len(doomed)


def count_remaining(bucket: Any, prefix: str) -> int:
    return sum(1 for _ in versions(bucket, prefix)) + len(uploads(bucket, prefix))


def remove(bucket: Any, doomed: list[Version], tick: Callable[[], None] = lambda: None) -> None:
    """Exactly these versions and delete markers, as many at once as OSS takes; `tick` comes after each request."""
    listed = [version for version in doomed if not NOT_IN_XML.search(version.key)]
    for version in doomed:
        if NOT_IN_XML.search(version.key):
            bucket.delete_object(version.key, params={"versionId": version.version})
            tick()
    for start in range(0, len(listed), PAGE):
        batch = oss2.models.BatchDeleteObjectVersionList()
        for version in listed[start : start + PAGE]:
            batch.append(oss2.models.BatchDeleteObjectVersion(version.key, version.version))
        bucket.delete_object_versions(batch)
        tick()


def temporary_file() -> IO[bytes]:
    """A file without a name: a tenant's data is gone with the process, also with a killed one."""
    return tempfile.TemporaryFile()


def require_free_space(size: int) -> None:
    """Raises BackupError when the temporary folder cannot take so many bytes."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < size:
        raise BackupError(
            f"the temporary folder has {free // 2**20} MiB free, {size // 2**20} are needed", "free some, or set TMPDIR"
        )
