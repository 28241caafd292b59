"""The stack's record of each tenant, as its state says."""

from dataclasses import dataclass, field
from datetime import date

from tenantry.engine.stack.urns import place_of, type_of
from tenantry.engine.state.deployment import Deployment, is_real
from tenantry.engine.state.tenant_records import records_of
from tenantry.model.previous_run import PreviousRun
from tenantry.parsing.json_narrowing import mapping

SEAL = "tenantry:index:Opened"  # its removal needs the proof (provider/resources/onboarding_complete.py)


@dataclass(frozen=True, slots=True)
class StackMemory:
    """One tenant as of the last run."""

    phase: str = ""
    deletion_seen: date | None = None
    resources: int = 0
    protected: int = 0
    proof: str | None = None  # that the tenant is to be removed by
    given: PreviousRun = field(default_factory=PreviousRun)


def stack_memory(deployment: Deployment | None) -> dict[str, StackMemory]:
    """Code -> what is known; also of a tenant that only has resources, since its removal did not come to its end.

    Raises CommandError when the stack's output cannot be read.
    """
    if deployment is None:
        return {}
    records = records_of(deployment)
    counted: dict[str, list[int]] = {}
    proofs: dict[str, str] = {}
    for record in deployment.resources:
        code = place_of(record["urn"], deployment.parents).tenant
        if not code or not is_real(record):
            continue
        count = counted.setdefault(code, [0, 0])
        count[0] += 1
        count[1] += bool(record.get("protect"))
        purge = mapping(mapping(record.get("inputs")).get("purge")) if type_of(record["urn"]) == SEAL else {}
        if purge.get("proof"):
            proofs[code] = str(purge["proof"])
    return {
        code: StackMemory(
            phase=records[code].phase if code in records else "",
            deletion_seen=records[code].deletion_seen if code in records else None,
            resources=counted.get(code, [0, 0])[0],
            protected=counted.get(code, [0, 0])[1],
            proof=proofs.get(code),
            given=records[code].given if code in records else PreviousRun(),
        )
        for code in records.keys() | counted.keys()
    }
