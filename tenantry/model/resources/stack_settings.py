"""Settings of a stack that one system alone needs: they stand with its other facts, in `systems/`.

Pulumi.yaml describes each and holds its default. A key is the field's name in camel case. Each field says by
`Weighty` or `Harmless` what a change of it does: of a weighty one the stack is asked twice (stacks/guards).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from tenantry.names import Names

IN_PLACE: Final = "changes rules or limits in place"


@dataclass(frozen=True, slots=True)
class Weighty:
    """The consequence of a change that moves or replaces data or everybody's workload."""

    consequence: str


@dataclass(frozen=True, slots=True)
class Harmless:
    """The reason why a change need not be asked for twice."""

    reason: str


def none_if_empty(value: Any) -> Any:
    """Pulumi.yaml needs a default for what need not be set: an empty text, and 0 for a port."""
    return None if value in ("", "0") else value


class SystemSettings(BaseModel):
    """The settings of one system."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True)

    def environment(self, names: Names) -> Mapping[str, str]:
        """The settings by which a tenant's application finds the system: none."""
        return {}


def weights(kinds: tuple[type[SystemSettings], ...]) -> Iterator[tuple[str, Weighty | Harmless]]:
    """The key and the weight of each setting."""
    for kind in kinds:
        for field in kind.model_fields.values():
            yield str(field.alias), next(entry for entry in field.metadata if isinstance(entry, Weighty | Harmless))


def examples(kinds: tuple[type[SystemSettings], ...]) -> dict[str, Any]:
    """The key of each setting with an example -> the first of them."""
    return {
        str(field.alias): field.examples[0] for kind in kinds for field in kind.model_fields.values() if field.examples
    }
