"""Fields of declared objects that are another program's than ours.

Server-side apply leaves them alone: no `up` takes them away and no refresh tells them, such as one more container.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from tenantry.inspection.drift.undeclared.cluster_objects import LiveObject
from tenantry.names import MANAGER
from tenantry.parsing.json_narrowing import Tree, is_wrapped, mapping, sequence

_OWN: Final = (MANAGER, "pulumi")
_CONTROLLERS: Final = ("kube-controller-manager", "kube-scheduler", "kubelet", "keda")
_RESTARTED: Final = "spec.template.metadata.annotations.kubectl.kubernetes.io/restartedAt"  # `kubectl rollout restart`
Steps = tuple[str, ...]  # f:spec, f:containers, k:{"name":"x"}: as managedFields have them


def added_fields(
    item: LiveObject, inputs: Mapping[str, Any], refreshed: Collection[str] = ()
) -> Iterator[tuple[str, list[str]]]:
    """Program and paths of the fields that it has added to an object with these declared `inputs`.

    What is declared too is left out, and what a refresh has `told` (paths): `up` takes that back. So is what a scale or
    a status says.
    """
    for entry in item.fields:
        manager = str(entry.get("manager"))
        if entry.get("subresource") or manager.startswith((*_OWN, *_CONTROLLERS)):
            continue
        leaves = _leaves(mapping(entry.get("fieldsV1")))
        added = [_path(steps) for steps in leaves if not _is_declared(inputs, steps)]
        paths = [path for path in added if _counts(path) and not path.startswith(tuple(refreshed))]
        if paths:
            yield manager, paths


def _counts(path: str) -> bool:
    return not path.startswith(("metadata.", "status")) and path != _RESTARTED


def _leaves(fields: Tree, above: Steps = ()) -> Iterator[Steps]:
    """The ends of the fields; an element of a list that is the program's own as a whole."""
    for key, below in sorted(fields.items()):
        deeper = mapping(below)
        if key == ".":
            continue
        if not deeper or ("." in deeper and key.startswith("k:")):
            yield (*above, key)
        else:
            yield from _leaves(deeper, (*above, key))


def _is_declared(inputs: object, steps: Steps) -> bool:
    if not steps or is_wrapped(inputs):  # nobody can tell what is in a secret; a refresh compares it
        return True
    sort, _, name = steps[0].partition(":")
    if sort == "f":
        return name in mapping(inputs) and _is_declared(mapping(inputs)[name], steps[1:])
    if sort == "k":
        keys = mapping(json.loads(name))
        same = (input for input in map(mapping, sequence(inputs)) if keys.items() <= input.items())
        return any(_is_declared(element, steps[1:]) for element in same)
    return any(json.dumps(value) == name for value in sequence(inputs))


def _path(steps: Steps) -> str:
    """`spec.template.spec.containers[name=x]`."""
    text = ""
    for step in steps:
        sort, _, name = step.partition(":")
        text += f".{name}" if sort == "f" else f"[{_plain(name)}]"
    return text.lstrip(".")


def _plain(key: str) -> str:
    return key.strip("{}").replace('"', "").replace(":", "=")
