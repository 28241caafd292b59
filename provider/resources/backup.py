"""A deleted tenant's backup, taken once for each deletion after its access has ended, and the plan of its removal."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from provider.errors import ResourceFailure, error_context
from provider.resources.base import Inputs, Kind, Resource
from provider.systems.connections import Connections


class Backup(Resource):
    """Backup for a deletion; one on record as complete is not taken again, also when a killed run took it."""

    inputs: ClassVar[Mapping[str, Kind]] = {
        "adminDatabase": "string",
        "code": "string",
        "database": "string",
        "deletedAt": "string",
        "dueOn": "string",
        "prefix": "string",
        "buckets": "object",  # of the tenant: name -> region
        "vault": "object",  # the backup bucket: bucket, region
        "names": "object",  # domain, and others by what they are: namespace, role
    }
    optional: ClassVar[frozenset[str]] = frozenset({"dueOn"})
    identifying: ClassVar[frozenset[str]] = frozenset({"adminDatabase", "code", "deletedAt"})
    computed: ClassVar[frozenset[str]] = frozenset({"backupId"})

    def identity(self, inputs: Inputs) -> str:
        return f"{inputs['code']}/{inputs['deletedAt']}"

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from provider.resources.backup_store import explain, subject, vault
        from tenantry.backup.cleanup_plan import CleanUp, resources_of
        from tenantry.backup.create import create_backup

        deleted_at = date.fromisoformat(inputs["deletedAt"])
        with error_context("backing up", explain):
            place = vault(at, inputs)
            record = place.records.for_deletion(inputs["code"], deleted_at)
            backup_id = (
                record.backup_id
                if record
                else create_backup(place, subject(inputs), "deletion", deleted_at=deleted_at).id
            )
        if inputs.get("dueOn"):
            with error_context("planning the removal", explain), at.systems.session(inputs["adminDatabase"]) as session:
                resources = resources_of(
                    database=inputs["database"],
                    prefix=inputs["prefix"],
                    buckets=sorted(inputs["buckets"].items()),
                    **inputs["names"],
                )
                CleanUp(session, inputs["code"]).plan(resources, date.fromisoformat(inputs["dueOn"]))
        return {**inputs, "backupId": backup_id}

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.resources.backup_store import explain, vault

        if not state:
            raise ResourceFailure(
                "a backup cannot be imported", "declare it: one on record for the deletion is adopted"
            )
        with error_context("looking for the backup", explain):
            record = vault(at, state).records.for_deletion(state["code"], date.fromisoformat(state["deletedAt"]))
        return {**state, "backupId": record.backup_id} if record else None

    def remove(self, at: Connections, state: Inputs) -> None:
        """Nothing: a backup outlives what it was taken of. Who cancels the deletion is the tenant's row."""
