"""The removal of a tenant's objects, and the proof without which it does not begin.

It happens when the tenant's seal (resources/opened.py) is removed. That is declared as long as the tenant has anything,
stands on all of it, and so goes first: the engine removes what it stands on only when this came to its end. A cancelled
deletion never removes it, but declares it without the purge.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from provider.errors import ResourceFailure, error_context
from provider.systems.connections import Connections

if TYPE_CHECKING:
    from tenantry.backup.cleanup_plan import CleanUp
    from tenantry.backup.cleanup_plan import Resource as Planned


def refuse_without_proof(at: Connections, admin_database: str, code: str, purge: Mapping[str, Any]) -> None:
    """`purge` is what the seal declares: proof, deletedAt, prefix, buckets, vault."""
    from provider.resources.backup_store import explain, vault
    from tenantry.backup.contents.layout import BackupPaths

    with error_context("looking for the proof", explain):
        place = vault(at, {"adminDatabase": admin_database, "vault": purge["vault"]})
        record = place.records.find(purge["proof"])
        day = _deletion_of(purge)
        if record is None or not record.proves(code, day or record.deleted_at):
            raise ResourceFailure(
                f"{purge['proof']} is on record as no proved backup of {code} for its deletion of {day or 'any day'}",
                "nothing was removed: write `status: deleted` back into its file, and let `tenantry purge` prove one",
            )
        manifest = BackupPaths(code, purged=True).manifest(purge["proof"])
        if not place.systems.bucket(place.place).object_exists(manifest):
            raise ResourceFailure(
                f"the proved backup {purge['proof']} is not in {place.place.name} any more",
                "nothing was removed: write `status: deleted` back into its file, then `tenantry purge` proves another",
            )


def _deletion_of(purge: Mapping[str, Any]) -> date | None:
    """None for a seal of before the day was declared: there the record's own day counts, which a cancel takes away."""
    return date.fromisoformat(purge["deletedAt"]) if purge.get("deletedAt") else None


def empty_prefixes(at: Connections, admin_database: str, code: str, purge: Mapping[str, Any]) -> None:
    """All versions, delete markers and unfinished uploads, below the tenant's prefix alone; looked at afterwards."""
    from provider.resources.backup_store import explain
    from tenantry.backup.cleanup_plan import CleanUp, Resource

    refuse_without_proof(at, admin_database, code, purge)
    with error_context("emptying the prefixes", explain), at.systems.session(admin_database) as session:
        plan = CleanUp(session, code)
        for name, region in sorted(purge["buckets"].items()):
            _empty(at, plan, Resource("oss", f"{name}/{purge['prefix']}", name, region, purge["prefix"]))


def _empty(at: Connections, plan: "CleanUp", planned: "Planned") -> None:
    """Up to three times again; each attempt is on record, and whether anything may be gone."""
    from provider.resources.backup_store import explain
    from tenantry.backup.cleanup_plan import RETRIES
    from tenantry.backup.clients import BucketLocation
    from tenantry.backup.contents import objects

    bucket: Any = at.systems.bucket(BucketLocation(str(planned.bucket), str(planned.region)))
    begun = plan.has_begun(planned)
    if begun is None:
        plan.plan([planned], datetime.now(UTC).date())
    whole: int | None = None  # what there was before the first attempt that could go ahead
    for attempt in range(RETRIES + 1):
        try:
            if whole is None:
                whole = _versions(bucket, str(planned.path))
            plan.retry(planned) if attempt else plan.start(planned)
            objects.delete_all_versions(bucket, str(planned.path))
            if left := objects.count_remaining(bucket, str(planned.path)):
                raise ResourceFailure(
                    f"{left} versions or uploads are left in {planned.name}", "see who still writes there"
                )
        except Exception as error:
            failure = error if isinstance(error, ResourceFailure) else explain(error)
            if failure is None:
                raise
            plan.fail(planned, failure.reason)
            if not begun and whole is not None and _is_whole(bucket, str(planned.path), whole):
                plan.nothing_gone(planned)
            if attempt == RETRIES:
                raise failure from error
        else:
            plan.complete(planned)
            return


def _versions(bucket: Any, prefix: str) -> int:
    """Unfinished uploads do not count: nobody can read them, and no backup has them."""
    from tenantry.backup.contents import objects

    return sum(1 for _ in objects.versions(bucket, prefix))


def _is_whole(bucket: Any, prefix: str, before: int) -> bool:
    """Tells whether nothing is gone; where that cannot be seen, something may be."""
    try:
        return _versions(bucket, prefix) == before
    except Exception:
        return False
