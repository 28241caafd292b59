"""The removal of a tenant's objects: stands on everything that the tenant has, so that it goes first, or nothing does.

Made while protection is lifted, and only for a backup that is on record as proved. When it is removed, it empties the
tenant's prefixes and looks that they are empty; the engine removes what it stands on, the database among it, only then.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from provider.connections import Connections
from provider.failure import Failure, step
from provider.resources.base import Inputs, Kind, Resource

if TYPE_CHECKING:
    from tenantry.backup.cleanup import CleanUp
    from tenantry.backup.cleanup import Resource as Planned


class Purge(Resource):
    """Refuses without proof, at its creation and again before the first object goes."""

    inputs: ClassVar[Mapping[str, Kind]] = {
        "adminDatabase": "string",
        "code": "string",
        "database": "string",
        "proof": "string",
        "prefix": "string",
        "buckets": "object",  # of the tenant: name -> region
        "vault": "object",  # the backup bucket: bucket, region
    }
    identifying: ClassVar[frozenset[str]] = frozenset({"adminDatabase", "code", "proof"})

    def identity(self, inputs: Inputs) -> str:
        return f"{inputs['code']}/{inputs['proof']}"

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from provider.vault import explain

        with step("looking for the proof", explain):
            _refuse_without_proof(at, inputs)
        return dict(inputs)

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        if not state:
            raise Failure("a purge cannot be imported", "declare it")
        return dict(state)

    def remove(self, at: Connections, state: Inputs) -> None:
        from provider.vault import explain
        from tenantry.backup.cleanup import CleanUp, Resource

        with step("looking for the proof", explain):
            _refuse_without_proof(at, state)
        with step("emptying the prefixes", explain), at.systems.session(state["adminDatabase"]) as session:
            plan = CleanUp(session, state["code"])
            for name, region in sorted(state["buckets"].items()):
                one = Resource("oss", f"{name}/{state['prefix']}", name, region, state["prefix"])
                _empty(at, plan, one)


def _refuse_without_proof(at: Connections, inputs: Inputs) -> None:
    from provider.vault import vault
    from tenantry.backup.places import Shelf

    place = vault(at, inputs)
    record = place.records.find(inputs["proof"])
    if record is None or record.status != "verified" or record.tenant_code != inputs["code"]:
        raise Failure(
            f"{inputs['proof']} is on record as no proved backup of {inputs['code']}",
            "nothing was removed: write `status: deleted` back into its file, and let `tenantry purge` prove one",
        )
    manifest = Shelf(inputs["code"], purged=True).manifest(inputs["proof"])
    if not place.systems.bucket(place.place).object_exists(manifest):
        raise Failure(
            f"the proved backup {inputs['proof']} is not in {place.place.name} any more",
            "nothing was removed: write `status: deleted` back into its file, and let `tenantry purge` prove another",
        )


def _empty(at: Connections, plan: "CleanUp", one: "Planned") -> None:
    """Up to three times again; each attempt is on record."""
    from provider.vault import explain
    from tenantry.backup import objects
    from tenantry.backup.cleanup import RETRIES
    from tenantry.backup.systems import BucketPlace

    bucket: Any = at.systems.bucket(BucketPlace(str(one.bucket), str(one.region)))
    for attempt in range(RETRIES + 1):
        plan.retry(one) if attempt else plan.start(one)
        try:
            objects.empty(bucket, str(one.path))
            if left := objects.left(bucket, str(one.path)):
                raise Failure(f"{left} versions or uploads are left in {one.name}", "see who still writes there")
        except Exception as error:
            failure = error if isinstance(error, Failure) else explain(error)
            if failure is None:
                raise
            plan.fail(one, failure.reason)
            if attempt == RETRIES:
                raise failure from error
        else:
            plan.complete(one)
            return
