"""Rails on the ways in: routes and their header, entrances beside the gateway, Services, connections to pods."""

import json
from typing import Final

from components.admission_policies.policy import CODE, EXCEPT_PROVISIONER, AdmissionPolicy
from components.manifests import http_route
from components.shared.installation import Installation

FILTERS: Final = ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite")


def routes(at: Installation) -> AdmissionPolicy:
    """A host name is the tenant, and so is the header: neither may be another's."""
    header = http_route.TENANT_HEADER.lower()
    gateway, namespace = json.dumps(at.gateway.name), json.dumps(at.gateway.namespace)
    named = f'.lowerAscii() == "{header}"'
    notice = (
        f'one.type == "ExtensionRef" && has(one.extensionRef) && one.extensionRef.kind == "{http_route.NOTICE_KIND}"'
        f' && one.extensionRef.group == "{http_route.EXTENSION_GROUP}"'
        f' && one.extensionRef.name == "{http_route.NOTICE}"'
    )
    # Header names are compared without case by HTTP, and with it by the API server's own check for doubles.
    untouched = (
        f"(!has(one.type) || one.type in {json.dumps(FILTERS)} || ({notice})) && (!has(one.requestHeaderModifier) || ("
        "(!has(one.requestHeaderModifier.set)"
        f" || one.requestHeaderModifier.set.all(head, !(head.name{named}) || head.value == variables.code))"
        f" && (!has(one.requestHeaderModifier.add) || one.requestHeaderModifier.add.all(head, !(head.name{named})))"
        " && (!has(one.requestHeaderModifier.remove)"
        f" || one.requestHeaderModifier.remove.all(head, !(head{named})))))"
    )
    return AdmissionPolicy(
        "tenantry-routes",
        [("gateway.networking.k8s.io", "httproutes")],
        {
            "has(object.spec.hostnames) && size(object.spec.hostnames) > 0"
            " && object.spec.hostnames.all(host, host == variables.domain)": "a route is for the tenant's own domain",
            "has(object.spec.parentRefs) && size(object.spec.parentRefs) > 0"
            f" && object.spec.parentRefs.all(up, up.name == {gateway} && has(up.namespace)"
            f' && up.namespace == {namespace} && (!has(up.kind) || up.kind == "Gateway"))': (
                "a route hangs on the platform's gateway"
            ),
            "variables.rules.all(rule, !has(rule.backendRefs) || size(rule.backendRefs) == 0 || (has(rule.filters)"
            " && rule.filters.exists(one, has(one.requestHeaderModifier) && has(one.requestHeaderModifier.set)"
            f" && one.requestHeaderModifier.set.exists(head, head.name{named} && head.value == variables.code))))": (
                f"every rule sets {http_route.TENANT_HEADER} to the tenant's code"
            ),
            f"variables.rules.all(rule, (!has(rule.filters) || rule.filters.all(one, {untouched}))"
            " && (!has(rule.backendRefs) || rule.backendRefs.all(back,"
            f" !has(back.filters) || back.filters.all(one, {untouched}))))": (
                f"nothing else touches {http_route.TENANT_HEADER}, and no filter sends requests elsewhere"
            ),
            "variables.rules.all(rule, !has(rule.backendRefs) || rule.backendRefs.all(back,"
            " (!has(back.namespace) || back.namespace == object.metadata.namespace)"
            ' && (!has(back.kind) || back.kind == "Service")))': (
                "requests go to Services of the tenant's own namespace"
            ),
        },
        variables={
            **CODE,
            "domain": f"variables.code + {json.dumps('.' + at.zone)}",
            "rules": "has(object.spec.rules) ? object.spec.rules : []",
        },
    )


# A second way in would pass by the header that the gateway sets.
ENTRANCES: Final = AdmissionPolicy(
    "tenantry-entrances",
    [
        ("networking.k8s.io", "ingresses"),
        ("gateway.networking.k8s.io", "gateways"),
        ("gateway.networking.k8s.io", "grpcroutes"),
        ("gateway.networking.k8s.io", "tcproutes"),
        ("gateway.networking.k8s.io", "tlsroutes"),
        ("gateway.networking.k8s.io", "udproutes"),
        ("gateway.networking.k8s.io", "referencegrants"),
        ("gateway.networking.k8s.io", "backendtlspolicies"),
        ("gateway.networking.x-k8s.io", "xlistenersets"),
        ("gateway.envoyproxy.io", "*"),
        ("", "endpoints"),
        ("discovery.k8s.io", "endpointslices"),
    ],
    {"false": "the ways in are the platform's"},
    conditions=EXCEPT_PROVISIONER,
)

SERVICES: Final = AdmissionPolicy(
    "tenantry-services",
    [("", "services")],
    {
        'object.spec.?type.orValue("ClusterIP") == "ClusterIP"': (
            "a Service is a ClusterIP: no port of the nodes, no other name"
        ),
        "size(object.spec.?externalIPs.orValue([])) == 0": "a Service takes over no address",
    },
)

# Who speaks to a pod directly sends whatever header he likes; who runs a shell in it has its credentials.
CONNECTIONS: Final = AdmissionPolicy(
    "tenantry-connections",
    [("", f"pods/{way}") for way in ("exec", "attach", "portforward", "proxy")] + [("", "services/proxy")],
    {"false": "pods are reached through the gateway alone"},
    operations=("CONNECT",),
    conditions=EXCEPT_PROVISIONER,
)
