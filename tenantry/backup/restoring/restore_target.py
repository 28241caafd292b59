"""The tenant whose place a backup may take: one opened for it, its own, or one that is named twice."""

from typing import Final

from tenantry.backup.clients import BackupClients
from tenantry.backup.contents import fingerprint, objects, pg_dump
from tenantry.backup.contents.table_reader import table_reader
from tenantry.backup.create import BackupSubject
from tenantry.backup.errors import BackupError, error_context
from tenantry.backup.settings import Stack
from tenantry.database.owner_login import CATALOG_ALONE
from tenantry.names import TEMPLATE_DATABASE

# Rows that an opening adds to those of the template (provider/resources/seed.py).
SEEDED: Final = {"public.kindergartens": 1, "public.users": 1, "public.user_roles": 1, "public.system_config": 2}
SEEDED_EACH: Final = {"public.users": 1, "public.user_roles": 1}  # for each administrator beside the contact
SHOWN: Final = 3


def chosen(stack: Stack, source: str, code: str, replace: str | None) -> BackupSubject:
    """Raises BackupError for a tenant that is being deleted, and a neighbour with data unless `replace` names it."""
    known = stack.tenants([code]).get(code)
    if known is None or known.status in ("", "purged"):
        raise BackupError(f"there is no tenant {code} to restore to", f"write {stack.file(code)}, run `tenantry up`")
    if known.status == "deleted":
        raise BackupError(
            f"{code} is being deleted", f"cancel that first: `status: active` in {stack.file(code)}, `tenantry up`"
        )
    if replace is not None and replace != code:
        raise BackupError(f"--replace {replace} is not --as {code}", "name the same tenant twice")
    if code in (source, replace):
        return known.subject
    reasons = [] if known.status == "active" else [f"it is {known.status}"]
    with error_context(f"looking whether {code} is in use"):
        reasons += _rows(stack.vault.systems, known.subject, known.administrators) + _objects(
            stack.vault.systems, known.subject
        )
    if reasons:
        raise BackupError(
            f"{code} was not opened just now: {'; '.join(reasons[:SHOWN])}",
            f"nothing was changed: to put {source}'s data in the place of {code}'s anyway, add `--replace {code}`",
        )
    return known.subject


def seeded(administrators: int) -> dict[str, int]:
    """Table -> rows that an opening adds, with so many administrators beside the contact."""
    each = {name: rows * administrators for name, rows in SEEDED_EACH.items()}
    memory = {"public.system_config": 1 if administrators else 0}
    return {name: rows + each.get(name, 0) + memory.get(name, 0) for name, rows in SEEDED.items()}


def _rows(systems: BackupClients, subject: BackupSubject, administrators: int) -> list[str]:
    """Beyond those of the template and of the opening."""
    opened = seeded(administrators)
    with pg_dump.scratch(systems, template=TEMPLATE_DATABASE) as clone:
        first, now = (_counted(systems, database) for database in (clone, subject.database))
    more = {name: count - first.get(name, 0) - opened.get(name, 0) for name, count in now.items()}
    return [f"{count} more rows in {name} than an opening makes" for name, count in more.items() if count > 0]


def _counted(systems: BackupClients, database: str) -> dict[str, int]:
    with systems.session(database, CATALOG_ALONE) as session, table_reader(systems, database) as reader:
        fingerprint.prepare(session)
        return fingerprint.counts(session, reader)


def _objects(systems: BackupClients, subject: BackupSubject) -> list[str]:
    """Other than the markers of directories."""
    return [
        f"objects in {place.name}"
        for place in subject.buckets
        if any(
            item.size or not item.path.endswith("/")
            for item in objects.current(systems.bucket(place), place.name, subject.prefix)
        )
    ]
