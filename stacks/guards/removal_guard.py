"""A tenant never goes because its file did: what was held last must be accounted for before anything is registered."""

from collections.abc import Iterator, Mapping

import pulumi

from stacks.config import StackScope
from stacks.last_run import LastTenant
from tenantry.fleet.load import Fleet
from tenantry.model.lifecycle import Phase
from tenantry.names import PREFIX_ROOT, prefix_of
from tenantry.spec.tenant import TenantSpec, Tombstone

# The only phases that removal may follow upon.
BEFORE_REMOVAL = (Phase.DUE, Phase.PURGING)
PURGED_TOO_SOON = (Phase.DUE,)


def refuse_vanished(held: Mapping[str, LastTenant], fleet: Fleet, holds: StackScope, folder: str) -> None:
    """Raises RunError with one line a tenant that is not accounted for, and what to do about it.

    `folder` is that of the tenants' files, as it is to be named.
    """
    faults = list(vanished(held, fleet, holds, folder))
    if faults:
        raise pulumi.RunError("\n".join(["nothing was changed:", *faults]))


def refuse_purged(purged: frozenset[str], fleet: Fleet, folder: str) -> None:
    """Raises RunError for a file that would open a tenant under the code of one that is gone."""
    reused = sorted(tenant.code for tenant in fleet.all if tenant.code in purged)
    if reused:
        lines = [
            f"{code}: a tenant of this code was purged, and codes are never used again: bring its tombstone back "
            f"(`git log -- {folder}/{code}.yaml`), and open the new one as {fleet.next_code}"
            for code in reused
        ]
        raise pulumi.RunError("\n".join(["nothing was changed:", *lines]))


def vanished(held: Mapping[str, LastTenant], fleet: Fleet, holds: StackScope, folder: str) -> Iterator[str]:
    present = {tenant.code: tenant for tenant in fleet.all}
    buried = {tombstone.code: tombstone for tombstone in fleet.tombstones}
    for code, last in sorted(held.items()):
        tenant = present.get(code)
        is_back = tenant is None and code in buried and _tombstone_restored(last, buried[code])
        if tenant is None and code not in buried:
            yield (
                f"{code}: this stack holds the tenant, and {folder}/{code}.yaml is gone: bring the file back "
                f"(`git log --diff-filter=D -- {folder}/{code}.yaml`); to delete a tenant write `status: deleted` in it"
            )
        elif (
            tenant is None
            and not is_back
            and (last.phase in PURGED_TOO_SOON or _tombstone_not_from_purge(last, buried[code]))
        ):
            yield (
                f"{code}: only a tombstone is left of its file, but protection was not lifted yet: bring the file back "
                f"as it was (`git log -- {folder}/{code}.yaml`); `tenantry purge` writes the tombstone when it may go"
            )
        elif (phone := _former_phone(last, tenant.spec if tenant else buried[code])) is not None:
            yield (
                f"{code}: the phone in {folder}/{code}.yaml changed, and its files lie below the former number: write "
                f'`phone: "{phone}"` back; a tenant keeps its number, people change theirs within the application, and '
                "data gets below another number with a new tenant: "
                f"`tenantry restore {code} --from BACKUP --as CODE`"
            )
        elif tenant is not None and tenant.cell != last.cell:
            yield (
                f"{code}: its cell changed from {last.cell} to {tenant.cell}: write `cell: {last.cell}` back; a tenant "
                "stays in its cell, its data gets into a new tenant of another by "
                f"`tenantry restore {code} --from BACKUP --as CODE`"
            )
        elif tenant is not None and not holds.cell(tenant.cell):
            yield (
                f"{code}: this stack holds the tenant, but its cell {tenant.cell} is no longer in tenantry:holds: "
                f"add cell/{tenant.cell}"
            )
        elif (tenant is None or tenant.phase is Phase.PURGING) and last.phase not in BEFORE_REMOVAL and not is_back:
            yield (
                f"{code}: its file says purged, but the tenant was {last.phase} in the last run: write "
                "`status: deleted` and its day; only `tenantry purge` writes purged, after 30 days and a backup"
            )


def _former_phone(last: LastTenant, file: TenantSpec | Tombstone) -> str | None:
    """The phone of the last run, where the file has another one now: a bare tombstone has none."""
    if last.prefix is None or file.phone is None or last.prefix == prefix_of(file.phone):
        return None
    return last.prefix.removeprefix(PREFIX_ROOT).rstrip("/")


def _tombstone_restored(last: LastTenant, tombstone: Tombstone) -> bool:
    """The very tombstone that a run has seen, after runs with another file: those fail once something is gone.

    Should they have come to their end, the tenant's seal is protected again, and keeps all of it.
    """
    return last.buried == tombstone.proof and not tombstone.is_bare


def _tombstone_not_from_purge(last: LastTenant, tombstone: Tombstone) -> bool:
    """`tenantry purge` leaves name and phone on the tombstone until a run has removed the tenant."""
    return last.phase == Phase.PURGING and tombstone.is_bare and not last.leaving
