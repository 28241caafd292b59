"""Retention of scheduled backups: the newest of each of the last days, weeks and months, as the plan says."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path

from tenantry.backup.contents import objects
from tenantry.backup.contents.layout import PURGED, BackupPaths, moment_of
from tenantry.backup.create import BackupStore, BackupSubject, Say
from tenantry.backup.errors import BackupError, error_context
from tenantry.spec.loader import read_model
from tenantry.spec.plans import PlansDocument, with_defaults


@dataclass(frozen=True, slots=True)
class Counts:
    daily: int = 7
    weekly: int = 4
    monthly: int = 12


def counts_of(plans: Path, plan: str) -> Counts:
    """The numbers of backups that a plan of that file keeps. The platform's databases have no plan, and are kept the
    longest.
    """
    reading = read_model(plans, PlansDocument, with_defaults)
    if reading.value is None:
        raise BackupError(f"no old backup was removed: {reading.faults[0]}", "then run again")
    counts_by_plan = {
        str(name): Counts(plan.backups.daily, plan.backups.weekly, plan.backups.monthly)
        for name, plan in reading.value.plans.items()
    }
    if not plan:
        return Counts(*(max(counts) for counts in zip(*map(astuple, counts_by_plan.values()), strict=True)))
    if plan not in counts_by_plan:
        raise BackupError(
            f"no old backup was removed: {plans} has no plan {plan}", "`tenantry up` writes the plan anew"
        )
    return counts_by_plan[plan]


def kept(backup_ids: Iterable[str], counts: Counts) -> set[str]:
    """The ids that are kept: the newest of each of the newest days, ISO weeks and months that have any.

    Counted by what there is, not by the calendar: when backups stop being taken, none of the last ones goes.
    """
    newest_first = sorted(backup_ids, key=lambda one: (moment_of(one), one), reverse=True)
    ids: set[str] = set()
    for count, period in ((counts.daily, _day), (counts.weekly, _week), (counts.monthly, _month)):
        seen: set[str] = set()
        for backup_id in newest_first:
            name = period(moment_of(backup_id))
            if name not in seen and len(seen) < count:
                seen.add(name)
                ids.add(backup_id)
    return ids


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _week(at: datetime) -> str:
    return f"{at:%G-%V}"


def _month(at: datetime) -> str:
    return f"{at:%Y-%m}"


def prune(vault: BackupStore, subject: BackupSubject, counts: Counts, say: Say) -> list[str]:
    """Removes the scheduled backups that are not kept, then the copies of objects that no backup names any more."""
    with error_context(f"looking for old backups of {subject.name}"):
        scheduled = [
            record.backup_id
            for record in vault.records.all()
            if record.database_name == subject.database and record.is_usable and record.is_ordinary
        ]
    doomed = sorted(set(scheduled) - kept(scheduled, counts))
    if not doomed:
        return []
    with error_context(f"removing old backups of {subject.name}"), vault.records.lock(subject.database):
        shelf = BackupPaths(subject.name)
        bucket = vault.systems.bucket(vault.place)
        for backup_id in doomed:
            bucket.delete_object(shelf.manifest(backup_id))  # first: without it there is no backup
            bucket.delete_object(shelf.dump(backup_id))
        vault.records.expire(doomed)
        removed = _sweep(vault, shelf)
        say(f"{subject.name}: removed {len(doomed)} old backups and {removed} copies that no other one names")
    return doomed


def _sweep(vault: BackupStore, shelf: BackupPaths) -> int:
    """Copies that no manifest names, whoever has put it there; none while there is one that cannot be read."""
    bucket = vault.systems.bucket(vault.place)
    manifests = [key for key in objects.keys(bucket, shelf.backups) if key.endswith("/manifest.json")]
    named = {
        shelf.copy(obj.bucket, obj.version, obj.path) for key in manifests for obj in vault.manifest_at(key).objects
    }
    unnamed = sorted(objects.keys(bucket, shelf.objects).keys() - named)
    for start in range(0, len(unnamed), objects.PAGE):
        bucket.batch_delete_objects(unnamed[start : start + objects.PAGE])
    return len(unnamed)


def forget(vault: BackupStore, code: str, database: str, say: Say) -> int:
    """All backups of a purged tenant but the proven one, which lies among the purged: with all their versions."""
    bucket, shelf = vault.systems.bucket(vault.place), BackupPaths(code)
    with error_context(f"removing the other backups of {code}"), vault.records.lock(database):
        removed = objects.delete_all_versions(bucket, shelf.backups) + objects.delete_all_versions(
            bucket, shelf.objects
        )
        others = [
            record.backup_id for record in vault.records.all(code) if record.is_usable and PURGED not in record.location
        ]
        vault.records.expire(others)
    if removed:
        say(f"{code}: removed {len(others)} other backups")
    return removed
