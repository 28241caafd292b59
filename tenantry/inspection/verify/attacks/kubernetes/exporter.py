"""Reachability of the exporter of metrics, which asks nobody who he is: by the live NetworkPolicies, evaluated."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from tenantry.inspection.verify.attacks.kubernetes.network import (
    DNS,
    OUTSIDE,
    Reachability,
    hypothetical_pod,
    network,
    peer,
    pods,
    reachable,
    spaces,
)
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, passed, verdict_on_faults
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.network_evaluator import Peer, in_block
from tenantry.names import EXPORTER, EXPORTER_PORT, PART_LABEL, PLATFORM_NAMESPACE, Names
from tenantry.parsing.json_narrowing import mapping

_SHOWN: Final = 5


def _exporters(context: VerifyContext) -> list[Peer]:
    """Its live pods, and one as its Deployment would make. Raises LookupError when there is no such Deployment."""
    return context.cached("exporter's pods", lambda: _find(context))


def _find(context: VerifyContext) -> list[Peer]:
    made = [
        deployment
        for deployment in context.live("/apis/apps/v1/deployments")
        if (mapping(deployment["metadata"]).get("namespace"), mapping(deployment["metadata"]).get("name"))
        == (PLATFORM_NAMESPACE, EXPORTER)
    ]
    if not made:
        raise LookupError(f"there is no Deployment {EXPORTER} in {PLATFORM_NAMESPACE}")
    template = mapping(mapping(mapping(made[0]["spec"])["template"]).get("metadata"))
    labels = {str(key): str(value) for key, value in mapping(template.get("labels")).items()}
    live = [
        peer(pod, spaces(context))
        for pod in context.live("/api/v1/pods")
        if mapping(pod["metadata"]).get("namespace") == PLATFORM_NAMESPACE
        and mapping(mapping(pod["metadata"]).get("labels")).get(PART_LABEL) == EXPORTER
    ]
    named = f"{PLATFORM_NAMESPACE}/(by the Deployment)"
    return [*live, Peer(named, PLATFORM_NAMESPACE, labels, spaces(context).get(PLATFORM_NAMESPACE, {}))]


def _others(context: VerifyContext) -> list[Peer]:
    """A pod of each namespace that is no tenant's, also in labels of the exporter, Prometheus and the server of names;
    addresses."""
    tenants = {names.namespace for names in context.all}
    bare = [
        hypothetical_pod(context, space) for space in sorted({*spaces(context), context.target.monitoring} - tenants)
    ]
    worn = [{PART_LABEL: EXPORTER}, {PART_LABEL: "prometheus"}, {"k8s-app": "kube-dns"}]
    dressed = [
        replace(pod, name=f"{pod.namespace}/(in others' labels)", labels=labels) for pod in bare for labels in worn
    ]
    outside = [Peer(what, address=address) for what, address in OUTSIDE.items()]
    return [*bare, *dressed, *outside]


def _is_scrape(context: VerifyContext, way: Reachability) -> bool:
    return way.source.namespace == context.target.monitoring and (way.port, way.protocol) == (EXPORTER_PORT, "TCP")


def _by_tenant(context: VerifyContext, names: Names) -> Verdict:
    ways = reachable(context, pods(context, names), _exporters(context))
    return verdict_on_faults([str(way) for way in ways][:_SHOWN])


def _by_others(context: VerifyContext) -> Verdict:
    ways = reachable(context, _others(context), _exporters(context))
    return verdict_on_faults([str(way) for way in ways if not _is_scrape(context, way)][:_SHOWN])


def _out(context: VerifyContext) -> Verdict:
    """It reaches names, and of the openings those that tenants have too."""
    tenants = [pod for names in context.with_namespace for pod in pods(context, names)[-1:]]
    dns = hypothetical_pod(context, "kube-system", k8s_app="kube-dns")
    ways = reachable(context, _exporters(context), [*_others(context), *tenants, dns])
    return verdict_on_faults([str(way) for way in ways if not _is_needed(context, way)][:_SHOWN])


def _is_needed(context: VerifyContext, way: Reachability) -> bool:
    if way.target.namespace == "kube-system" and way.target.labels.get("k8s-app") == "kube-dns" and way.port == DNS:
        return way.protocol in ("TCP", "UDP")
    return way.protocol == "TCP" and any(
        port == way.port and "/" in where and in_block({"cidr": where}, way.target.address)
        for where, port in context.target.openings
    )


def _scraped(context: VerifyContext) -> Verdict:
    source = hypothetical_pod(context, context.target.monitoring)
    targets = _exporters(context)
    missing = [pod.name for pod in targets if not network(context).reaches(source, pod, EXPORTER_PORT)]
    return broken(f"{context.target.monitoring} does not reach {', '.join(missing)}") if missing else passed()


def _trials(context: VerifyContext) -> Iterator[Attempt]:
    if not context.target.monitoring:
        return
    for names in context.with_namespace:
        yield Attempt(names.code, EXPORTER, partial(_by_tenant, context, names))
    yield Attempt("", "everybody but Prometheus", partial(_by_others, context))
    yield Attempt("", "what it reaches", partial(_out, context))
    yield Attempt("", "Prometheus", partial(_scraped, context))


ATTACKS: Final = (
    Attack("network.exporter", "Prometheus' namespace reaches the port of the metrics, and nobody else any",
           "evaluated: tenants' pods, others' pods and addresses to the exporter, and where it gets to", _trials),
)  # fmt: skip
