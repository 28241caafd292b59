"""The status of a stack: its tenants, and how its last run ended, without running anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantry.database.migrations import BASELINE, FOLDER, TENANTS, MigrationSetInvalid, migrations_of
from tenantry.engine.clients.postgresql import DatabaseUnavailable
from tenantry.engine.errors import CommandError
from tenantry.engine.run.last_update import last_update
from tenantry.engine.run.onboarding_recorder import Opening, read
from tenantry.engine.run.operations import Operation, load_tenants
from tenantry.engine.stack.embedded import EMBEDDED_STACK
from tenantry.engine.stack.environment import silent_services
from tenantry.engine.state.recovery import interrupted
from tenantry.engine.state.tenant_rows import Labels, Row, rows
from tenantry.maintenance.rollout.targets import is_open
from tenantry.names import TEMPLATE_DATABASE
from tenantry.parsing.faults import Faults


@dataclass(frozen=True, slots=True)
class Status:
    """A stack at rest."""

    stack: str
    tenants: list[Row]
    resources: int
    pending: list[str]  # "creating URN"
    last_kind: str  # update, destroy, refresh, ...; empty before the first run
    last_result: str  # succeeded, failed, in-progress
    last_time: str  # when the record was written last, ISO 8601
    locks: list[str]
    silent: list[str]  # services of the embedded default that do not answer
    openings: Mapping[str, Opening] = field(default_factory=dict[str, Opening])  # by the tenant's code
    remark: str = ""  # why the openings are not known, or what a killed roll-out has left
    newest: int = BASELINE  # version of the schema in this checkout
    reminder: str = ""  # that nobody has looked for drift for long

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return {
            "stack": self.stack,
            "tenants": [row.as_json() for row in self.tenants],
            "resources": self.resources,
            "pending": self.pending,
            "last": {"kind": self.last_kind, "result": self.last_result, "time": self.last_time},
            "locks": self.locks,
            "notRunning": self.silent,
            "openings": {code: opening.as_json() for code, opening in self.openings.items()},
            "remark": self.remark,
            "newestSchema": self.newest,
            "reminder": self.reminder,
        }


def status(operation: Operation) -> Status:
    """Reads the record and the history. Raises NoStack where there is no such stack."""
    deployment = operation.records.existing()
    locks = [str(lock or path.name) for path, lock in operation.files.locks()] if operation.files else []
    silent = silent_services(operation.environment) if operation.stack == EMBEDDED_STACK else []
    last = last_update(operation.cli, operation.stack)
    openings, newest, remark = _openings(operation)
    return Status(
        stack=operation.stack,
        tenants=rows(deployment, _labels(operation)),
        resources=deployment.custom_count(),
        pending=interrupted(deployment),
        last_kind=str(last.get("kind", "")),
        last_result=str(last.get("result", "")),
        last_time=deployment.changed_at,
        locks=locks,
        silent=silent,
        openings=openings,
        remark=remark,
        newest=newest,
    )


def _openings(operation: Operation) -> tuple[dict[str, Opening], int, str]:
    """The openings, the newest version of the schema in this checkout, and why the one or the other is not known."""
    try:
        files = migrations_of(TENANTS, operation.project.root / FOLDER)
        server = operation.server()
        left_open = (
            f"the template {TEMPLATE_DATABASE} takes connections, a `tenantry migrate` was killed: run it again"
            if is_open(server)
            else ""
        )
        return read(server), max((file.version for file in files), default=BASELINE), left_open
    except (
        DatabaseUnavailable,
        CommandError,
        MigrationSetInvalid,
    ) as error:  # what the stack holds can be looked at all the same
        return {}, BASELINE, f"how far the openings are is not known: {error}"


def _labels(operation: Operation) -> dict[str, Labels]:
    try:
        return load_tenants(operation.project, operation.stack)
    except (Faults, CommandError):  # what the stack holds can be looked at all the same; `up` tells the faults
        return {}
