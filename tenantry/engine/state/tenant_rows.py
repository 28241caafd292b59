"""The tenants as the stack says it holds them: its output `tenants`, a mapping of code to facts."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from tenantry.engine.stack.urns import place_of
from tenantry.engine.state.deployment import Deployment, is_real
from tenantry.model.tenant_record import TENANTS, TenantRecord, UnreadableRecordError, tenant_records

COLUMNS = ("code", "name", "plan", "phase", "domain", "database", "namespace")


@dataclass(frozen=True, slots=True)
class Row:
    """One tenant."""

    code: str
    name: str = ""
    plan: str = ""
    phase: str = ""
    domain: str = ""
    database: str = ""
    namespace: str = ""
    resources: int = 0

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return asdict(self)


Labels = Mapping[str, str]  # name and plan, which stand in the tenant's file alone


def rows(deployment: Deployment | None, labels: Mapping[str, Labels] | None = None) -> list[Row]:
    """Every tenant by code; also one that has resources but is not in the output yet, because a run failed.

    An output that cannot be read shows no facts: looking at a stack must not fail for it.
    """
    if deployment is None:
        return []
    parents = deployment.parents
    counts: dict[str, int] = {}
    for record in deployment.resources:
        place = place_of(record["urn"], parents)
        if place.tenant:
            counts[place.tenant] = counts.get(place.tenant, 0) + is_real(record)
    records: dict[str, TenantRecord] = {}
    with suppress(UnreadableRecordError):
        records = tenant_records(deployment.outputs.get(TENANTS), TenantRecord)
    return [
        _row(code, records.get(code), (labels or {}).get(code, {}), counts.get(code, 0))
        for code in sorted(records.keys() | counts.keys())
    ]


def _row(code: str, record: TenantRecord | None, label: Labels, resources: int) -> Row:
    known = {
        "plan": record.given.plan,
        "phase": record.phase,
        "domain": record.domain,
        "database": record.database,
        "namespace": record.namespace,
    } if record else {}  # fmt: skip
    facts = {**label, **{name: value for name, value in known.items() if value}}
    return Row(code, **{name: str(facts.get(name, "")) for name in COLUMNS[1:]}, resources=resources)
