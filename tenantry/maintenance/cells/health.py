"""The health gate behind a wave: deployments are available, databases take connections, openings are complete."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tenantry.engine.clients.postgresql import DatabaseUnavailable
from tenantry.engine.errors import CommandError
from tenantry.engine.run.onboarding_recorder import Opening, read
from tenantry.engine.run.operations import Operation
from tenantry.engine.run.quota_refusals import cluster
from tenantry.engine.state.tenant_records import records_of
from tenantry.model.lifecycle import Phase
from tenantry.model.tenant_record import TenantRecord
from tenantry.names import ADMIN_DATABASE
from tenantry.parsing.json_narrowing import Tree, mapping

if TYPE_CHECKING:
    from tenantry.engine.clients.kubernetes import Kube
    from tenantry.engine.clients.postgresql import Session

PATIENCE_SECONDS: Final = 120.0  # for pods that a run has renewed
_PAUSE_SECONDS: Final = 3.0
_OPEN: Final = "SELECT datname FROM pg_database WHERE datallowconn AND datname = ANY(%s)"


def problems_of(operation: Operation, patience: float, pause: Callable[[float], bool]) -> list[str]:
    """What is not well with a stack's tenants: empty once all is, looked at again until the patience is over.

    `pause` waits for some seconds, and tells whether the run has been stopped.
    """
    deadline = time.monotonic() + patience
    while True:
        problems = _look(operation)
        if not problems or time.monotonic() >= deadline or pause(_PAUSE_SECONDS):
            return problems


def _look(operation: Operation) -> list[str]:
    state = operation.records.existing()
    tenants = records_of(state)
    if not tenants and "platform" not in state.outputs:
        return []  # a foundation alone: there is no server and no cluster to be asked
    try:
        server = operation.server()
        openings = read(server)
        with server.session(ADMIN_DATABASE) as session:
            problems = [*database_problems(tenants, session), *opening_problems(tenants, openings)]
    except (DatabaseUnavailable, CommandError) as error:
        return [f"the database server does not answer: {' '.join(str(error).split())}"]
    if any(record.phase == Phase.ACTIVE for record in tenants.values()):
        problems += _cluster_problems(tenants, lambda: cluster(operation.cli, operation.stack))
    return problems


def database_problems(tenants: dict[str, TenantRecord], session: "Session") -> Iterator[str]:
    """Of those who have access: whether their database is there and takes connections."""
    wanted = {
        code: str(record.database) for code, record in tenants.items() if record.phase in (Phase.ACTIVE, Phase.ASLEEP)
    }
    there = {name for (name,) in session.execute(_OPEN, [list(wanted.values())]).fetchall()}
    yield from (
        f"{code}: the database {name} takes no connections" for code, name in wanted.items() if name not in there
    )


def opening_problems(tenants: dict[str, TenantRecord], openings: dict[str, Opening]) -> Iterator[str]:
    """Of those who run: whether their opening is complete."""
    for code, record in tenants.items():
        opening = openings.get(code)
        if record.phase == Phase.ACTIVE and (opening is None or opening.status != "completed"):
            yield f"{code}: its opening is not complete: {opening or 'it has not begun'}"


def _cluster_problems(tenants: dict[str, TenantRecord], connect: "Callable[[], Kube]") -> list[str]:
    import urllib3

    try:
        kube = connect()
        return [
            f"{code}: {problem}"
            for code, record in tenants.items()
            if record.phase == Phase.ACTIVE
            for problem in deployment_problems(kube.items(f"/apis/apps/v1/namespaces/{record.namespace}/deployments"))
        ]
    except (urllib3.exceptions.HTTPError, LookupError, OSError, CommandError) as error:
        return [f"the cluster does not answer: {' '.join(str(error).split())[:300]}"]


def deployment_problems(items: Sequence[Tree]) -> Iterator[str]:
    """Of a tenant that runs: it has one deployment at least, its application's."""
    if not items:
        yield "it has no deployment"
    yield from filter(None, map(_deployment_problem, items))


def _deployment_problem(item: Tree) -> str:
    """Empty where the controller has seen the newest form and enough pods are available, or none is wanted."""
    meta, spec, status = (mapping(item.get(name)) for name in ("metadata", "spec", "status"))
    wanted = int(spec.get("replicas", 1))
    if int(status.get("observedGeneration") or 0) < int(meta.get("generation") or 0):
        return f"the deployment {meta.get('name')} is not rolled out yet"
    available, updated = int(status.get("availableReplicas") or 0), int(status.get("updatedReplicas") or 0)
    if available >= wanted and updated >= wanted:
        return ""
    old = ", not all of them new" if available >= wanted else ""
    return f"of the deployment {meta.get('name')} {available} of {wanted} pods are available{old}"
