"""The directories of a tenant's prefixes: zero-byte objects whose key ends with a slash."""

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any, ClassVar, Final

from provider.errors import ResourceFailure, error_context
from provider.resources.base import Inputs, Kind, Resource
from provider.resources.onboarding import Onboarding
from provider.systems.connections import Connections
from tenantry.database.onboarding_steps import STORAGE

CONTENT_TYPE: Final = "application/x-directory"


class Directories(Resource):
    """Markers are made where nothing is, and only markers are removed: an object with content is the tenant's data.

    The last thing that a tenant's storage needs: the step of that name ends here.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {"objects": "object", "regions": "object", "opening": "object"}
    optional: ClassVar[frozenset[str]] = frozenset({"opening"})
    identifying: ClassVar[frozenset[str]] = frozenset()

    def identity(self, inputs: Inputs) -> str:
        """Fixed at creation: the place of the first key; later keys may change."""
        bucket = min(inputs["objects"], default="")
        return f"{bucket}/{min(inputs['objects'].get(bucket, []), default='')}"

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        with Onboarding.of(at, inputs).step(STORAGE):
            self._make(at, inputs, before)
        return dict(inputs)

    def _make(self, at: Connections, inputs: Inputs, before: Inputs) -> None:
        from provider.systems.oss import explain

        for bucket, name, keys in _buckets(at, inputs):
            with error_context(f"making directories in {name}", explain):
                for key in keys:
                    _make(bucket, key)
        gone = {
            name: sorted(set(keys) - set(inputs["objects"].get(name, [])))
            for name, keys in before.get("objects", {}).items()
        }
        if any(gone.values()):
            self.remove(at, {"objects": gone, "regions": {**before["regions"], **inputs["regions"]}})

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.systems.oss import explain, oss2

        if not state:
            raise ResourceFailure("directories cannot be imported", "declare them: what is there is adopted")
        present = dict[str, list[str]]()
        for bucket, name, keys in _buckets(at, state):
            with error_context(f"looking for directories in {name}", explain):
                try:
                    present[name] = [key for key in keys if bucket.object_exists(key)]
                except oss2.exceptions.NoSuchBucket:
                    present[name] = []
        if not any(present.values()):
            return None
        return {**state, "objects": present}

    def remove(self, at: Connections, state: Inputs) -> None:
        from provider.systems.oss import explain, oss2

        for bucket, name, keys in _buckets(at, state):
            with error_context(f"removing directories from {name}", explain):
                try:
                    for key in keys:
                        _remove(bucket, key)
                except oss2.exceptions.NoSuchBucket:
                    continue


def _buckets(at: Connections, inputs: Inputs) -> Iterator[tuple[Any, str, list[str]]]:
    for name, keys in inputs["objects"].items():
        region = inputs["regions"].get(name)
        if not region:
            raise ResourceFailure(
                f"no region is given for the bucket {name}", "add it to `regions`, such as cn-guangzhou"
            )
        if problem := [key for key in keys if not key.endswith("/") or key.startswith("/")]:
            raise ResourceFailure(
                f"{problem[0]!r} is no directory", "end every key with a slash, and begin none with one"
            )
        yield at.storage.bucket(name, region), name, keys


def _make(bucket: Any, key: str) -> None:
    """Looks first: a bucket with versions ignores the header that forbids overwriting."""
    from provider.systems.oss import oss2

    if bucket.object_exists(key):
        return
    try:
        bucket.put_object(key, b"", headers={"Content-Type": CONTENT_TYPE, "x-oss-forbid-overwrite": "true"})
    except oss2.exceptions.ServerError as error:
        if error.code != "FileAlreadyExists":  # made by somebody else meanwhile: as good
            raise


def _remove(bucket: Any, key: str) -> None:
    """All versions of the marker and its delete markers, so that the bucket can be emptied; not one byte of content."""
    from tenantry.backup.contents import objects

    own = takewhile(lambda version: version.key == key, objects.beginning(bucket, key))  # the key itself comes first
    objects.remove(bucket, [version for version in own if version.size == 0])
