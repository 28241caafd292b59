"""The tenants as the stack says it holds them: its output `tenants`, a mapping of code to facts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from tenantry.engine.deployment import Deployment, is_real
from tenantry.engine.urns import place_of

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


def rows(deployment: Deployment | None) -> list[Row]:
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
    return [
        Row(
            code,
            **{name: _text(facts.get(code, {}).get(name)) for name in COLUMNS[1:]},
            resources=counts.get(code, 0),
        )
        for code in sorted(facts.keys() | counts.keys())
    ]


def _facts(value: Any) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(value, list):  # of mappings with their code among the facts
        items = cast("list[dict[str, Any]]", value)
        return {str(item["code"]): item for item in items if isinstance(item, dict) and "code" in item}  # pyright: ignore[reportUnnecessaryIsInstance] (what a program exports is not ours to trust)
    if isinstance(value, dict):
        return {code: item for code, item in cast("dict[str, Any]", value).items() if isinstance(item, dict)}
    return {}


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
