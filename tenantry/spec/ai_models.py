"""The catalogue of AI models that plans may give, read from tenants/models.yaml."""

from collections.abc import Iterator
from typing import Final, Literal

from tenantry.parsing.faults import Fault
from tenantry.spec.fields import DisplayName, Slug
from tenantry.spec.loader import Source
from tenantry.spec.plans import Plans
from tenantry.spec.tenant import PLAN_NAMES, Strict

MODELS_FILE: Final = "models.yaml"


class Model(Strict):
    display_name: DisplayName
    type: Literal["text", "image", "audio", "multimodal"]
    provider: Slug


class Models(Strict):
    models: dict[Slug, Model]

    def __contains__(self, name: str) -> bool:
        return name in self.models

    def __getitem__(self, name: str) -> Model:
        return self.models[name]


def unknown_models(source: Source, plans: Plans, catalogue: Models) -> Iterator[Fault]:
    """Models that plans give and the catalogue does not have, at their line in the plans' file."""
    for name in PLAN_NAMES:
        for position, model in enumerate(plans[name].ai.models):
            if model not in catalogue:
                remedy = f"choose from {', '.join(catalogue.models)}, or add it to {MODELS_FILE}"
                yield source.fault(("plans", name, "ai", "models", position), f"{model} is in no catalogue", remedy)
