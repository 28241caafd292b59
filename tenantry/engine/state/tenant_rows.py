"""The tenants as the stack says it holds them: its output `tenants`, a mapping of code to facts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tenantry.engine.stack.urns import place_of
from tenantry.engine.state.deployment import Deployment, is_real
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

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
    """Every tenant by code; also one that has resources but is not in the output yet, because a run failed."""
    if deployment is None:
        return []
    parents = deployment.parents
    counts: dict[str, int] = {}
    for record in deployment.resources:
        place = place_of(record["urn"], parents)
        if place.tenant:
            counts[place.tenant] = counts.get(place.tenant, 0) + is_real(record)
    facts = _facts(deployment.outputs.get("tenants"))
    for code in facts.keys() | counts.keys():
        facts[code] = {**(labels or {}).get(code, {}), **facts.get(code, {})}
    return [
        Row(
            code,
            **{name: _text(facts.get(code, {}).get(name)) for name in COLUMNS[1:]},
            resources=counts.get(code, 0),
        )
        for code in sorted(facts.keys() | counts.keys())
    ]


def _facts(value: object) -> dict[str, Tree]:
    listed = [mapping(item) for item in sequence(value)]  # with the code among the facts
    return {str(item["code"]): item for item in listed if "code" in item} or {
        code: mapping(item) for code, item in mapping(value).items()
    }


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
