"""Properties of a resource that differ between the record and the world; their values as far as they may be said."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from tenantry.parsing.json_narrowing import Tree, mapping, sequence

# What servers count or write down by themselves, and what the engine notes for itself: no difference.
_NOISE: Final = re.compile(
    r"__.*|status(\..*|\[.*|)"
    r"|metadata\.(resourceVersion|generation|managedFields|uid|creationTimestamp|selfLink)(\..*|\[.*|)"
    r"|attachmentCount|defaultVersion|versionId|updateDate|lastLoginDate"
)
_OF_KUBERNETES: Final = re.compile(r"status(\..*|\[.*|)")  # AliDNS has a `status` that counts
_HIDDEN: Final = "[secret]"  # as the engine writes a secret into its events
_LONGEST: Final = 40  # characters of a value


@dataclass(frozen=True, slots=True)
class Difference:
    """One property: its path (`spec.hard.pods`), the value on record and the one that is there."""

    path: str
    recorded: Any
    live: Any

    def __str__(self) -> str:
        """With its values where both are plain, short and no secret."""
        values = self.recorded, self.live
        if any(isinstance(value, dict | list) for value in values) or _HIDDEN in values or self.recorded == self.live:
            return self.path
        texts = ["none" if value is None else str(value) for value in values]
        if any(len(text) > _LONGEST or not text.isprintable() for text in texts):
            return self.path
        return f"{self.path} {texts[0]} -> {texts[1]}"


def differences(recorded: Tree, live: Tree, *, in_kubernetes: bool) -> list[Difference]:
    """The differences of the inputs and outputs of one resource, before and after a refresh."""
    by_path: dict[str, Difference] = {}
    for part in ("outputs", "inputs"):
        for difference in _between(mapping(recorded.get(part)), mapping(live.get(part)), ""):
            is_noise = _NOISE.fullmatch(difference.path) is not None
            if is_noise and (in_kubernetes or not _OF_KUBERNETES.fullmatch(difference.path)):
                continue
            by_path[difference.path] = difference
    return [by_path[path] for path in sorted(by_path)]


def _between(recorded: Any, live: Any, path: str) -> Iterator[Difference]:
    if recorded == live:
        return
    if isinstance(recorded, dict) and isinstance(live, dict):
        before, after = mapping(cast(object, recorded)), mapping(cast(object, live))
        for key in sorted({*before, *after}):
            yield from _between(before.get(key), after.get(key), f"{path}.{key}" if path else key)
        return
    old, new = sequence(cast(object, recorded)), sequence(cast(object, live))
    if old and len(old) == len(new):
        for number, (element, now) in enumerate(zip(old, new, strict=True)):
            yield from _between(element, now, f"{path}[{number}]")
    else:
        yield Difference(path, recorded, live)
