"""The owners of the objects that fill a tenant's quota, when Kubernetes refuses one of ours for it.

Its own words name the quota and the numbers, not that ConfigMaps and Services which a tenant made itself count as well.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry.engine.process.pulumi_cli import Cli
from tenantry.engine.run.progress import Finding
from tenantry.engine.stack.stack_connection import given
from tenantry.names import MANAGED_BY, MANAGER
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

if TYPE_CHECKING:
    from tenantry.engine.clients.kubernetes import Kube

_EXCEEDED: Final = re.compile(r"exceeded quota: (\S+), requested: (\S+), used: (\S+), limited: ([^\s;]+)")
_KINDS: Final = {"pods": "Pod", "services": "Service", "secrets": "Secret", "configmaps": "ConfigMap"}
# What Kubernetes itself puts into every namespace.
OF_KUBERNETES: Final = {("ConfigMap", "kube-root-ca.crt")}
_SHOWN: Final = 5  # objects by their names

Items = Callable[[str], Sequence[Tree]]  # the objects at a path of the API; raises for no answer


def explain(errors: Sequence[Finding], connect: "Callable[[], Kube]") -> list[Finding]:
    """The errors, those of a quota with whose objects fill it and what to do. Only then `connect` is called."""
    kubes: list[Kube] = []

    def items(path: str) -> Sequence[Tree]:
        if not kubes:
            kubes.append(connect())
        return kubes[0].items(path)

    return [
        replace(error, text=f"{error.text}: {said}") if (said := _said(error, items)) else error for error in errors
    ]


def cluster(cli: Cli, stack: str) -> "Kube":
    """The stack's cluster as its provisioner. Raises Refusal, OSError or kubernetes' ConfigException."""
    import yaml

    from tenantry.engine.clients.kubernetes import Kube

    text = given(cli, stack, {"kubeconfig": "KUBECONFIG"})["kubeconfig"]
    if "\n" not in text:
        text = Path(text).read_text(encoding="utf-8")
    return Kube.admin(mapping(yaml.safe_load(text)))


def _said(finding: Finding, items: Items) -> str:
    match = _EXCEEDED.search(finding.text)
    code = finding.place.tenant
    if match is None or not code:
        return ""
    quota, (requested, used, limits) = match[1], (_amounts(text) for text in match.groups()[1:])
    full = [name for name in requested if name in limits]
    numbers = ", ".join(f"{name} {used.get(name, '0')} of {limits[name]} and {requested[name]} more" for name in full)
    space = f"tenant-{code}"
    message = f"the quota {quota} of {code} is used up ({numbers})"
    kinds = dict.fromkeys(kind for name in full if (kind := _counted(name)))
    if not kinds:
        return f"{message}; `kubectl -n {space} describe resourcequota {quota}` shows it, choose a larger plan"
    try:
        others = [(kind, item) for kind in kinds for item in items(f"/api/v1/namespaces/{space}/{kind}")]
        whose = _whose([(_KINDS[kind], obj) for kind, obj in others], space)
    except Exception as error:  # whatever keeps the cluster from answering: the refusal stands without it
        looks = f"`kubectl -n {space} get {','.join(kinds)} --show-labels`"
        whose = f"whose objects they are cannot be read ({type(error).__name__}): {looks} shows it"
    return f"{message}; {whose}"


def _whose(objects: Sequence[tuple[str, Tree]], space: str) -> str:
    foreign = [(kind, obj) for kind, obj in objects if not _is_ours(kind, obj)]
    if not foreign:
        return "all of them are the platform's: choose a larger plan, or raise `objects` of its plan in plans.yaml"
    shown = [f"{kind} {_name(obj)} ({_maker(obj)})" for kind, obj in foreign[:_SHOWN]]
    more = f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
    names = " ".join(f"{kind.lower()}/{_name(obj)}" for kind, obj in foreign[:_SHOWN])
    return (
        f"{len(foreign)} of {len(objects)} are not the platform's: {', '.join(shown)}{more}; have the tenant remove "
        f"what it does not need (`kubectl -n {space} delete {names}`), or choose a larger plan, then run again"
    )


def _is_ours(kind: str, one: Tree) -> bool:
    """Our label: no one else may set it or take it off in a tenant's namespace (the rail tenantry-own)."""
    labels: Mapping[str, Any] = mapping(mapping(one.get("metadata")).get("labels"))
    return labels.get(MANAGED_BY) == MANAGER or (kind, _name(one)) in OF_KUBERNETES


def _maker(one: Tree) -> str:
    """The program that wrote it first, by its managed fields."""
    fields = [mapping(field) for field in sequence(mapping(one.get("metadata")).get("managedFields"))]
    first = min(fields, key=lambda field: str(field.get("time", "")), default=mapping(None))
    return f"made by {first['manager']}" if first.get("manager") else "made by somebody"


def _name(one: Tree) -> str:
    return str(mapping(one.get("metadata")).get("name"))


def _amounts(text: str) -> dict[str, str]:
    """`limits.cpu=1,pods=1` as a mapping."""
    return {name: amount for name, _, amount in (part.partition("=") for part in text.split(","))}


def _counted(name: str) -> str | None:
    """The kind of objects that a resource of a quota counts, by its name in the API."""
    if name.startswith(("requests.", "limits.")) and not name.endswith(".storage"):
        return "pods"
    kind = name.removeprefix("count/").partition(".")[0]
    return kind if kind in _KINDS else None
