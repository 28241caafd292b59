"""The steps of a removal. Each looks again at what it stands on, records what it did, and writes the file last."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tenantry.backup.cleanup_plan import CleanUp, Resource, Row
from tenantry.backup.clients import BucketLocation, Session
from tenantry.backup.contents import objects
from tenantry.backup.contents.layout import PURGED_KEPT_DAYS
from tenantry.backup.create import BackupSubject, Say, create_backup
from tenantry.backup.errors import BackupError, to_user_error
from tenantry.backup.retention import forget
from tenantry.backup.settings import Stack
from tenantry.backup.verify import archive_for_purge, prove, refuse_incomplete
from tenantry.engine.errors import CommandError
from tenantry.fleet.load import Fleet
from tenantry.maintenance.purge import tenant_file
from tenantry.maintenance.purge.leftovers import left_in_dns, left_of
from tenantry.maintenance.purge.next_step import Next, Step
from tenantry.maintenance.purge.role_references import REMEDY, elsewhere
from tenantry.model.resolved import ResolvedTenant
from tenantry.names import database_of
from tenantry.spec.tenant import Tombstone

COPIES = "SELECT datname FROM pg_database WHERE datname ~ %s ORDER BY 1"  # that a restore made or set aside
LEFT = """
SELECT datname FROM pg_database WHERE datname = %(name)s UNION SELECT rolname FROM pg_roles WHERE rolname ~ %(roles)s
"""
PROVE_AGAIN = "write `status: deleted` back and purge again"


@dataclass
class Steps:
    """On one stack. `wrote` is told of every file that was changed, with the words for its commit."""

    stack: Stack
    tenants: Path
    say: Say
    wrote: Callable[[Path, str], None] = lambda _path, _message: None
    failed: dict[str, str] = field(default_factory=dict[str, str])

    def take(self, fleet: Fleet, next_: Next) -> bool:
        """Takes one step and tells whether it was taken. One tenant's failure is kept and reported; the others go
        on.
        """
        try:
            match next_.step:
                case Step.PROVE:
                    self._prove(fleet[next_.code])
                case Step.BURY:
                    self._bury(fleet[next_.code])
                case Step.FINISH:
                    self._finish(next(tombstone for tombstone in fleet.tombstones if tombstone.code == next_.code))
                case _:
                    return False
        except Exception as error:
            known = error if isinstance(error, CommandError) else to_user_error(error)
            if known is None:
                raise
            self.failed[next_.code] = str(known)
            self.say(f"{next_.code}: {known}")
            return False
        return True

    def _prove(self, tenant: ResolvedTenant) -> None:
        """The proof is on record before the file names it: killed in between, it is proved again."""
        code, deleted_at, vault = tenant.code, tenant.spec.deleted_at, self.stack.vault
        if deleted_at is None:
            raise BackupError(f"{code} has no day of deletion", "run `tenantry validate`")
        subject = self._subject(tenant)
        self._refuse_obstacles(code, subject.database)
        record = vault.records.for_deletion(code, deleted_at)
        if record is None:
            self.say(f"{code}: no backup of this deletion is on record: taking one")
            backup_id = create_backup(vault, subject, "deletion", deleted_at=deleted_at, say=self.say).id
        else:
            backup_id = record.backup_id
        shelf = archive_for_purge(vault, backup_id, code, self.say)
        proof = prove(vault, backup_id, subject, shelf, self.say)
        expires = datetime.now(UTC) + timedelta(days=PURGED_KEPT_DAYS)
        vault.records.prove(backup_id, vault.location(shelf.folder(backup_id)), proof.as_json(), expires)
        path = self._path(code)
        tenant_file.write_purged(path, backup_id)
        self.say(f"{code}: proved by {backup_id}: {proof.rows} rows, {proof.objects} objects")
        self.wrote(path, f"{code}: purged, proved by {backup_id}")

    def _bury(self, tenant: ResolvedTenant) -> None:
        code, path = tenant.code, self._path(tenant.code)
        record = self.stack.vault.records.find(tenant.spec.proof or "")
        if record is None or not record.proves(code, tenant.spec.deleted_at):
            raise BackupError(
                f"{code}: its proof {tenant.spec.proof} is on record for no deletion of {tenant.spec.deleted_at}",
                PROVE_AGAIN,
            )
        refuse_incomplete(self.stack.vault, record.backup_id, code, PROVE_AGAIN)
        self._refuse_obstacles(code, tenant.names.database)
        with self._administration() as session:
            plan = CleanUp(session, code)
            for row in plan.rows():
                if row.type != "oss":  # objects have begun to go by the removal itself
                    plan.start(Resource(row.type, row.name))
        tenant_file.write_tombstone(path)
        self.say(f"{code}: its file is a tombstone: the next run removes what is left")
        self.wrote(path, f"{code}: tombstone")

    def _finish(self, tombstone: Tombstone) -> None:
        """Looks for itself: what the state no longer holds may still be there.

        Only the namespace is gone by the word of the run that removed it: nothing here reaches into the cluster.
        """
        code, database = tombstone.code, database_of(tombstone.code)
        with self._administration() as session:
            plan = CleanUp(session, code)
            left = [rest for row in plan.rows() if (rest := self._look(plan, row))]
        if left:
            raise BackupError(f"{code} is not wholly removed: {'; '.join(left)}", "run `tenantry up`, then this again")
        self._refuse_obstacles(code, database)
        self._refuse_forgetting(tombstone)
        forget(self.stack.vault, code, database, self.say)
        if tombstone.phone:
            with self._administration() as session:
                CleanUp(session, code).mask(tombstone.phone)
        path = self._path(code)
        tenant_file.anonymize_tombstone(path)
        self.say(f"{code}: gone; its proved backup expires {PURGED_KEPT_DAYS} days after its purge")
        self.wrote(path, f"{code}: gone")

    def _refuse_forgetting(self, tombstone: Tombstone) -> None:
        """The other backups stay while the proved one is not whole; when its days are over they go as well."""
        vault, proof = self.stack.vault, tombstone.proof or ""
        record = vault.records.find(proof)
        if record is None or record.expires_at is None or record.expires_at > datetime.now(UTC):
            again = f"its other backups are kept: bring back what is missing from the versions in {vault.place.name}"
            refuse_incomplete(vault, proof, tombstone.code, again)

    def _look(self, plan: CleanUp, row: Row) -> str | None:
        """None where nothing is left of a resource, which is on record then; else what is."""
        resource, systems = Resource(row.type, row.name), self.stack.vault.systems
        if row.type == "database":
            rest = self._left_in_postgresql(row.name)
        elif row.type == "oss":
            rest = self._left_in_oss(row.name)
        elif row.type == "subdomain":
            rest = left_in_dns(systems, row.name)
        else:
            kind, _, name = row.name.partition("/")
            rest = left_of(systems, kind, name)
        if rest is None:
            plan.complete(resource)
        else:
            plan.fail(resource, rest)
        return rest

    def _left_in_postgresql(self, name: str) -> str | None:
        with self.stack.vault.systems.session() as session:
            rows = session.execute(LEFT, {"name": name, "roles": f"^{name}(_[ab])?$"}).fetchall()
        return f"{', '.join(str(row[0]) for row in rows)} still there" if rows else None

    def _left_in_oss(self, name: str) -> str | None:
        bucket_name, _, prefix = name.partition("/")
        place = next((bucket for bucket in self.stack.buckets if bucket.name == bucket_name), None)
        if place is None:
            return None  # another stack's bucket by now; the run that emptied it said so in its row
        left = objects.count_remaining(self._bucket(place), prefix)
        return f"{left} versions left in {name}" if left else None

    def _bucket(self, place: BucketLocation) -> Any:
        return self.stack.vault.systems.bucket(place)

    def _administration(self) -> AbstractContextManager[Session]:
        return self.stack.vault.systems.session(self.stack.vault.records.database)

    def _refuse_obstacles(self, code: str, database: str) -> None:
        """Copies of its database that restores have left belong to the tenant, and to no backup.

        And what its roles have in other databases would keep them from being dropped, when all else has gone.
        """
        with self.stack.vault.systems.session() as session:
            rows = session.execute(COPIES, [f"^{database}_(before|restored)_[0-9]+$"]).fetchall()
            references = elsewhere(session, database)
        if rows:
            names = ", ".join(str(row[0]) for row in rows)
            raise BackupError(f"{code}: {names} still holds its data", "drop what is not needed, then purge again")
        if references:
            raise BackupError(f"{code} cannot be removed: {'; '.join(references)}", REMEDY)

    def _subject(self, tenant: ResolvedTenant) -> BackupSubject:
        names = tenant.names
        return BackupSubject(tenant.code, names.database, tenant.code, names.prefix, self.stack.buckets)

    def _path(self, code: str) -> Path:
        return self.tenants / f"{code}.yaml"
