"""Which keys of a stack's configuration are settings: what nobody reads is refused, as it was meant to do something."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

NAMESPACE: Final = "tenantry"  # of this program's settings, whatever the project is called
ENGINE: Final = "pulumi"  # the engine's own, such as pulumi:tags


def stranger(key: str, known: Collection[str]) -> str | None:
    """What is wrong with a full key, `NAMESPACE:NAME`; None for a setting and for the engine's own keys."""
    namespace, _, name = key.partition(":")
    if namespace == ENGINE or (namespace == NAMESPACE and name in known):
        return None
    meant = next(iter(get_close_matches(name, known, n=1, cutoff=0.6)), None)
    advice = f"is {NAMESPACE}:{meant} meant?" if meant else "Pulumi.yaml describes every setting"
    return f"{key} is no setting, nothing reads it: {advice}"
