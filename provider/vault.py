"""What the steps of a deletion need of tenantry.backup: the systems, from the provider's own settings."""

from typing import TYPE_CHECKING, Any

from provider.failure import Failure

if TYPE_CHECKING:
    from provider.connections import Connections
    from provider.resources.base import Inputs
    from tenantry.backup.take import Subject, Vault


def vault(at: "Connections", inputs: "Inputs") -> "Vault":
    from tenantry.backup.records import Records
    from tenantry.backup.systems import BucketPlace
    from tenantry.backup.take import Vault

    systems, place = at.systems, inputs["vault"]
    return Vault(systems, BucketPlace(place["bucket"], place["region"]), Records(systems, inputs["adminDatabase"]))


def subject(inputs: "Inputs") -> "Subject":
    from tenantry.backup.systems import BucketPlace
    from tenantry.backup.take import Subject

    return Subject(
        name=inputs["code"],
        database=inputs["database"],
        code=inputs["code"],
        prefix=inputs["prefix"],
        buckets=tuple(BucketPlace(name, region) for name, region in sorted(inputs["buckets"].items())),
    )


def explain(error: Exception) -> Failure | None:
    from tenantry.backup.failing import told

    known: Any = told(error)
    return Failure(known.wrong, known.remedy, passing=known.passing) if known else None
