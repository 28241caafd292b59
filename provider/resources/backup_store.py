"""The backup bucket as the steps of a deletion use it, from the provider's own settings."""

from typing import TYPE_CHECKING, Any

from provider.errors import ResourceFailure

if TYPE_CHECKING:
    from provider.resources.base import Inputs
    from provider.systems.connections import Connections
    from tenantry.backup.create import BackupStore, BackupSubject


def vault(at: "Connections", inputs: "Inputs") -> "BackupStore":
    from tenantry.backup.clients import BucketLocation
    from tenantry.backup.create import BackupStore
    from tenantry.backup.records import BackupRecords

    systems, place = at.systems, inputs["vault"]
    return BackupStore(
        systems, BucketLocation(place["bucket"], place["region"]), BackupRecords(systems, inputs["adminDatabase"])
    )


def subject(inputs: "Inputs") -> "BackupSubject":
    from tenantry.backup.clients import BucketLocation
    from tenantry.backup.create import BackupSubject

    return BackupSubject(
        name=inputs["code"],
        database=inputs["database"],
        code=inputs["code"],
        prefix=inputs["prefix"],
        buckets=tuple(BucketLocation(name, region) for name, region in sorted(inputs["buckets"].items())),
    )


def explain(error: Exception) -> ResourceFailure | None:
    from tenantry.backup.errors import to_user_error

    known: Any = to_user_error(error)
    return ResourceFailure(known.problem, known.remedy, passing=known.passing) if known else None
