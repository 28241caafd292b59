"""`tenantry backup` and `tenantry restore`: what a schedule or a person calls, and what is shown of it."""

import json
import os
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tenantry.cli.commands.stack.up import JsonOption, operation
from tenantry.cli.completion import codes
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption

if TYPE_CHECKING:
    from tenantry.backup.records import Record
    from tenantry.backup.settings import KnownTenant, Stack

GRAVE_SHARE: Final = 0.1  # of a tenant's objects


def register(app: typer.Typer) -> None:
    """Adds the sub-commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    tenants: Annotated[
        list[str] | None, typer.Argument(autocompletion=codes, help="Codes, or databases of the platform; all without.")
    ] = None,
    scheduled: Annotated[bool, typer.Option("--scheduled", help="Then remove old ones as the plans say.")] = False,
    for_deletion: Annotated[
        bool, typer.Option("--for-deletion", help="A new backup for the deletion of the tenants named.")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="Only list what there is.")] = False,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    cwd: CwdOption = CWD,
) -> None:
    """Back up tenants (database and objects), the template and the admin database.

    Exit code 7: a tenth or more of the objects of the backup before are gone.
    """
    with refusals(as_json):
        at = stack_of(cwd, stack)
        if show:
            _show(_of(at.vault.records.all(), tenants or []), as_json)
            return
        chosen = at.chosen(list(tenants or []))
        kind = "deletion" if for_deletion else "scheduled" if scheduled else "manual"
        if for_deletion and not tenants:
            raise typer.BadParameter("name the tenants with --for-deletion")
        done, failed = _take_all(at, chosen, kind, _plans(cwd, stack))
    if as_json:
        print(json.dumps({"backups": done, "failed": failed}, ensure_ascii=False, indent=1))
    else:
        for entry in done:
            print(
                f"{entry['id']}  {entry['rows']} rows in {entry['tables']} tables  {entry['objects']} objects  "
                f"{entry['bytes'] / 2**20:.1f} MiB  {entry['seconds']:.1f} s"
                + (f"  {entry['lost']} objects of the one before are gone" if entry["lost"] else "")
            )
    if code := exit_code(done, failed):
        raise typer.Exit(code)


def exit_code(done: list[dict[str, Any]], failed: dict[str, str]) -> int:
    """The exit code of a run. Many lost objects go before a failure: the second run that this asks for finds none lost.

    A tenant tidies up each day; a loss from `GRAVE_SHARE` of all objects on is looked into by a person.
    """
    from tenantry.engine.errors import ExitCode

    if any(entry["lost"] and entry["lost"] >= GRAVE_SHARE * (entry["lost"] + entry["objects"]) for entry in done):
        return ExitCode.LOST
    return ExitCode.FAILED if failed else ExitCode.OK


def restore(
    tenant: Annotated[
        str, typer.Argument(autocompletion=codes, help="Whose backup it is: a code, or a database of the platform.")
    ],
    source: Annotated[str, typer.Option("--from", help="The backup's id, from `tenantry backup --list`.")],
    target: Annotated[
        str | None,
        typer.Option("--as", autocompletion=codes, help="Put it in the place of this tenant, which `up` has opened."),
    ] = None,
    replace: Annotated[
        str | None, typer.Option("--replace", help="The tenant of --as again, when it holds data that is to give way.")
    ] = None,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    cwd: CwdOption = CWD,
) -> None:
    """Bring a backup back into a fresh database, checked row by row, beside everything or in a tenant's place."""
    with refusals(as_json):
        from tenantry.backup.contents.layout import subject_of
        from tenantry.backup.errors import BackupError
        from tenantry.backup.restoring.restore import restore as bring_back
        from tenantry.backup.restoring.restore_target import chosen
        from tenantry.database.history.model import Entry
        from tenantry.engine.run.recording import recorded
        from tenantry.names import is_code

        if subject_of(source) != tenant:
            raise BackupError(f"{source} is no backup of {tenant}", f"`tenantry backup --list {tenant}` names them")
        at = stack_of(cwd, stack)
        if replace is not None and target is None:
            raise typer.BadParameter("name the same tenant with --as")
        into = chosen(at, tenant, target, replace) if target else None
        journal = operation(stack, cwd).journal("restore")
        with recorded(journal):
            done = bring_back(at.vault, source, tenant, into, report_progress)
            whose = target or tenant
            journal.add(
                Entry(whose if is_code(whose) else "", "database", "backup", source, f"restore into {done.database}")
            )
        if as_json:
            document = {name: getattr(done, name) for name in ("database", "rows", "tables", "objects", "before")}
            print(json.dumps(document, indent=1))
        else:
            print(f"{done.database}: {done.rows} rows in {done.tables} tables, {done.objects} objects, as in {source}")


def _take_all(
    at: "Stack", chosen: "list[KnownTenant]", kind: Any, plans: Path
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """One that fails, for whatever reason, does not keep the others from being backed up; a fault in `plans` nobody."""
    from tenantry.backup.create import create_backup
    from tenantry.backup.errors import to_user_error
    from tenantry.backup.retention import counts_of, prune

    done: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for tenant in chosen:
        try:
            deleted_at = _deleted_at(at, tenant.name) if kind == "deletion" else None
            manifest = create_backup(at.vault, tenant.subject, kind, deleted_at=deleted_at, say=report_progress)
            done.append(
                {
                    "id": manifest.id,
                    "rows": manifest.fingerprint.rows,
                    "tables": len(manifest.fingerprint.tables),
                    "objects": len(manifest.objects),
                    "bytes": manifest.size,
                    "seconds": manifest.seconds,
                    "lost": manifest.lost,
                }
            )
            if kind == "scheduled":
                prune(at.vault, tenant.subject, counts_of(plans, tenant.plan), report_progress)
        except Exception as error:
            failed[tenant.name] = str(
                to_user_error(error) or f"a fault of the program ({type(error).__name__}: {error}): report it"
            )
            report_progress(f"{tenant.name}: {failed[tenant.name]}")
            if to_user_error(error) is None:
                traceback.print_exc()
    return done, failed


def _deleted_at(at: "Stack", code: str) -> date:
    from tenantry.backup.errors import BackupError
    from tenantry.names import ADMIN_DATABASE

    with at.vault.systems.session(ADMIN_DATABASE) as session:
        row = session.execute(
            "SELECT deleted_at::date FROM tenants WHERE tenant_id = %s AND status = 'deleted'", [code]
        ).fetchone()
    if row is None or row[0] is None:
        raise BackupError(f"{code} is not being deleted", "leave --for-deletion out")
    return row[0]


def _plans(cwd: Path, stack: str) -> Path:
    """The plans of the stack's own folder: by another's plans its backups might be removed too early."""
    from tenantry.engine.stack.project import Project
    from tenantry.fleet.load import plans_file

    project = Project.find(cwd)
    return plans_file(project.tenants(project.stack(stack)))


def _of(records: "list[Record]", names: list[str]) -> "list[Record]":
    """Those of tenants by their code, or by their database, which is all the platform's have; of everybody without.

    Raises BackupError for a name without any: nothing shown would look like nothing wrong.
    """
    from tenantry.backup.errors import BackupError

    known = {name for record in records for name in (record.tenant_code, record.database_name)}
    if without := [name for name in names if name not in known]:
        raise BackupError(
            f"no backup of {', '.join(without)} is on record",
            "`tenantry backup --list` names all that are, `tenantry backup NAME` takes one",
        )
    return [record for record in records if not names or record.tenant_code in names or record.database_name in names]


def _show(records: "list[Record]", as_json: bool) -> None:
    if as_json:
        names = (
            *("backup_id", "tenant_code", "database_name", "kind", "status", "location", "checksum", "error_message"),
            *("size_bytes", "row_count", "object_count", "duration_seconds"),
            *("started_at", "verified_at", "expires_at"),
        )
        documents = [{name: getattr(record, name) for name in names} for record in records]
        print(json.dumps(documents, ensure_ascii=False, indent=1, default=str))
        return
    for entry in records:
        size = f"{(entry.size_bytes or 0) / 2**20:.1f} MiB"
        until = f"  until {entry.expires_at:%Y-%m-%d}" if entry.expires_at else ""
        problem = f"  {entry.error_message}" if entry.error_message else ""
        print(
            f"{entry.backup_id}  {entry.kind:9}  {entry.status:9}  {entry.row_count or 0} rows  {size}{until}{problem}"
        )


def report_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def stack_of(cwd: Path, stack: str) -> "Stack":
    """With the systems that the stack names; this process then knows of no others.

    In the environment of the embedded default where the stack is that one and no shell has read its file.
    """
    from tenantry.backup.errors import BackupError
    from tenantry.backup.settings import Stack
    from tenantry.engine.run.oidc_session import NoSession, with_pod_session
    from tenantry.engine.stack.environment import environment
    from tenantry.engine.stack.project import Project
    from tenantry.engine.state.stack_state import refuse_missing
    from tenantry.engine.state.state_files import FileState

    project = Project.find(cwd)
    stack = project.stack(stack)
    project.require(stack)
    of_stack = environment(project, stack, dict(os.environ))
    if address := of_stack.get("PULUMI_BACKEND_URL") or project.backend_url:  # the nightly job has none
        refuse_missing(FileState.at(address, project.name, stack, project.root), stack)
    for name in os.environ.keys() - of_stack.keys():
        del os.environ[name]
    os.environ["PATH"] = of_stack.get("PATH", os.environ.get("PATH", ""))
    try:
        return Stack.of(project, stack, with_pod_session(of_stack))
    except NoSession as reason:
        problem, _, remedy = str(reason).rpartition(": ")
        raise BackupError(problem, remedy) from None


@contextmanager
def refusals(as_json: bool) -> Generator[None]:
    """Errors as one line and an exit code."""
    from tenantry.backup.errors import BackupError, HalfDoneError, to_user_error
    from tenantry.engine.errors import CommandError, ExitCode

    try:
        yield
    except CommandError as refusal:
        _tell(str(refusal), as_json)
        raise typer.Exit(refusal.code) from None
    except KeyboardInterrupt:
        _tell("interrupted: what was begun is on record, run it again", as_json)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except typer.Exit:
        raise
    except Exception as error:
        known = to_user_error(error)
        if not isinstance(known, BackupError):
            raise
        _tell(str(known), as_json)
        raise typer.Exit(ExitCode.FAILED if isinstance(known, HalfDoneError) else ExitCode.REFUSED) from None


def _tell(text: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"errors": [{"text": text}]}, ensure_ascii=False))
    print(text, file=sys.stderr)
