"""What the API server refuses in tenants' namespaces, whoever asks: the expressions, as plain values.

Pulumi's policies see only what Pulumi declares. These hold against everything else: a tenant's admin, a stolen token,
an operator's slip with kubectl, a right that was given too wide. Some hold for everybody. Those that keep the walls
where they are let the provisioner pass, and it is known by one right rather than by a name: whoever may change these
policies could lift them anyway.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components import route
from components.images import ImageRules
from components.installation import Installation
from components.ownership import MANAGED_BY, MANAGER, TENANT

WRITE: Final = ("CREATE", "UPDATE")
ALL_WRITES: Final = (*WRITE, "DELETE")
IN_TENANTS: Final = {"namespaceSelector": {"matchExpressions": [{"key": TENANT, "operator": "Exists"}]}}
OURS: Final = {"objectSelector": {"matchLabels": {MANAGED_BY: MANAGER}}}
VOLUMES: Final = ("configMap", "downwardAPI", "emptyDir", "projected", "secret")

# Only the provisioner passes, and Kubernetes' own controllers, which finish what others were allowed to begin.
OTHERS: Final = {
    "others-than-the-provisioner": (
        '!authorizer.group("admissionregistration.k8s.io").resource("validatingadmissionpolicies")'
        '.check("update").allowed()'
    ),
    "others-than-the-cluster": (
        '!("system:serviceaccounts:kube-system" in request.userInfo.groups)'
        ' && request.userInfo.username != "system:kube-controller-manager"'
    ),
}


@dataclass(frozen=True, slots=True)
class Rail:
    """One ValidatingAdmissionPolicy. `validations` is what must hold -> what is said when it does not."""

    name: str
    resources: Sequence[tuple[str, str]]  # API group and resource
    validations: Mapping[str, str]
    operations: Sequence[str] = WRITE
    conditions: Mapping[str, str] | None = None
    variables: Mapping[str, str] | None = None
    where: Mapping[str, Any] | None = None  # selectors
    scope: str = "Namespaced"  # a selector of namespaces lets everything outside of them through, nodes too

    def policy(self) -> dict[str, Any]:
        """The spec. A request that cannot be judged is refused."""
        groups: dict[str, list[str]] = {}
        for group, resource in self.resources:
            groups.setdefault(group, []).append(resource)
        return {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [group],
                        "apiVersions": ["*"],
                        "operations": list(self.operations),
                        "resources": names,
                        "scope": self.scope,
                    }
                    for group, names in groups.items()
                ],
                **(IN_TENANTS if self.where is None else self.where),
            },
            **_listed("matchConditions", self.conditions),
            **_listed("variables", self.variables),
            "validations": [
                {"expression": expression, "message": f"{self.name}: {said}", "reason": "Forbidden"}
                for expression, said in self.validations.items()
            ],
        }

    def binding(self) -> dict[str, Any]:
        return {"policyName": self.name, "validationActions": ["Deny", "Audit"]}


def _listed(key: str, named: Mapping[str, str] | None) -> dict[str, Any]:
    return {key: [{"name": name, "expression": text} for name, text in named.items()]} if named else {}


CODE: Final = {"code": f'namespaceObject.metadata.labels["{TENANT}"]'}


def rails(at: Installation, images: ImageRules) -> tuple[Rail, ...]:
    """All of them, the ways in first."""
    return (
        routes(at),
        ENTRANCES,
        SERVICES,
        CONNECTIONS,
        pods(at, images),
        tokens(at),
        STANDING_TOKENS,
        WALLS,
        OWN,
        LABELS,
        NAMESPACES,
    )


FILTERS: Final = ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite")


def routes(at: Installation) -> Rail:
    """A host name is the tenant, and so is the header: neither may be another's."""
    header = route.TENANT_HEADER.lower()
    gateway, namespace = json.dumps(at.gateway.name), json.dumps(at.gateway.namespace)
    named = f'.lowerAscii() == "{header}"'
    # Header names are compared without case by HTTP, and with it by the API server's own check for doubles.
    untouched = (
        f"(!has(one.type) || one.type in {json.dumps(FILTERS)}) && (!has(one.requestHeaderModifier) || ("
        "(!has(one.requestHeaderModifier.set)"
        f" || one.requestHeaderModifier.set.all(head, !(head.name{named}) || head.value == variables.code))"
        f" && (!has(one.requestHeaderModifier.add) || one.requestHeaderModifier.add.all(head, !(head.name{named})))"
        " && (!has(one.requestHeaderModifier.remove)"
        f" || one.requestHeaderModifier.remove.all(head, !(head{named})))))"
    )
    return Rail(
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
                f"every rule sets {route.TENANT_HEADER} to the tenant's code"
            ),
            f"variables.rules.all(rule, (!has(rule.filters) || rule.filters.all(one, {untouched}))"
            " && (!has(rule.backendRefs) || rule.backendRefs.all(back,"
            f" !has(back.filters) || back.filters.all(one, {untouched}))))": (
                f"nothing else touches {route.TENANT_HEADER}, and no filter sends requests elsewhere"
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
ENTRANCES: Final = Rail(
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
    conditions=OTHERS,
)

SERVICES: Final = Rail(
    "tenantry-services",
    [("", "services"), ("", "services/status")],
    {
        'object.spec.?type.orValue("ClusterIP") == "ClusterIP"': "a Service is a ClusterIP, not a port of the nodes",
        "size(object.spec.?externalIPs.orValue([])) == 0": "a Service takes over no address",
        'object.spec.?externalName.orValue("") == ""': "a Service is no name for something else",
        "size(object.?status.?loadBalancer.?ingress.orValue([])) == 0": "a Service says no address of its own",
    },
)

# Who speaks to a pod directly sends whatever header he likes; who runs a shell in it has its credentials.
CONNECTIONS: Final = Rail(
    "tenantry-connections",
    [("", f"pods/{way}") for way in ("exec", "attach", "portforward", "proxy")] + [("", "services/proxy")],
    {"false": "pods are reached through the gateway alone"},
    operations=("CONNECT",),
    conditions=OTHERS,
)


def pods(at: Installation, images: ImageRules) -> Rail:
    """Beside Pod Security, which knows no image, no token, no precedence; what both know stands in both."""
    volume = " || ".join(f"has(one.{kind})" for kind in VOLUMES)
    return Rail(
        "tenantry-pods",
        [("", "pods"), ("", "pods/ephemeralcontainers")],
        {
            f"variables.containers.all(one, one.image.matches({json.dumps(images.pattern)})"
            f" && !one.image.endsWith({json.dumps(images.moving)}))": (
                "images are the application's or from a registry that is allowed"
                + (", named by digest" if images.digest else ", at a version")
            ),
            'variables.containers.all(one, one.?imagePullPolicy.orValue("") == "Always")': (
                "images are asked for at every start (imagePullPolicy: Always)"
            ),
            "!object.spec.?hostNetwork.orValue(false) && !object.spec.?hostPID.orValue(false)"
            " && !object.spec.?hostIPC.orValue(false)"
            " && variables.containers.all(one, !has(one.ports) || one.ports.all(at, at.?hostPort.orValue(0) == 0))": (
                "a pod shares nothing with its node"
            ),
            f"object.spec.?volumes.orValue([]).all(one, {volume})": f"volumes are {', '.join(VOLUMES)}",
            "object.spec.?automountServiceAccountToken.orValue(true) == false"
            " && object.spec.?volumes.orValue([]).all(one, !has(one.projected)"
            " || one.projected.?sources.orValue([]).all(from, !has(from.serviceAccountToken)"
            f" || from.serviceAccountToken.?audience.orValue('') == {json.dumps(at.identity.audience)}))": (
                "no token for the Kubernetes API is mounted"
            ),
            "object.spec.?priority.orValue(0) <= 0"
            ' && object.spec.?tolerations.orValue([]).all(one, one.?key.orValue("") != "")'
            ' && (request.operation != "CREATE" || object.spec.?nodeName.orValue("") == "")': (
                "a pod takes no precedence and chooses no node"
            ),
        },
        variables={
            "containers": "object.spec.containers + object.spec.?initContainers.orValue([])"
            " + object.spec.?ephemeralContainers.orValue([])"
        },
        # What was allowed once may still be marked, adopted and removed when the rules have become stricter.
        conditions={"changed": 'request.operation == "CREATE" || object.spec != oldObject.spec'},
    )


def tokens(at: Installation) -> Rail:
    """A tenant's account speaks to the STS; at the Kubernetes API it has nothing to say."""
    return Rail(
        "tenantry-tokens",
        [("", "serviceaccounts/token")],
        {
            f"object.spec.?audiences.orValue([]) == [{json.dumps(at.identity.audience)}]": (
                f"tokens are for {at.identity.audience} alone"
            )
        },
        operations=("CREATE",),
        conditions=OTHERS,
    )


STANDING_TOKENS: Final = Rail(
    "tenantry-standing-tokens",
    [("", "secrets")],
    {'object.?type.orValue("") != "kubernetes.io/service-account-token"': "no token is without an end"},
)

WALLS: Final = Rail(
    "tenantry-walls",
    [
        ("", "resourcequotas"),
        ("", "resourcequotas/status"),  # admission reads limits and use from there
        ("", "limitranges"),
        ("", "serviceaccounts"),
        ("networking.k8s.io", "networkpolicies"),
        ("rbac.authorization.k8s.io", "roles"),
        ("rbac.authorization.k8s.io", "rolebindings"),
    ],
    {"false": "quotas, limits, network policies, accounts and rights are the provisioner's"},
    operations=ALL_WRITES,
    conditions=OTHERS,
)

# A selector matches the object before or after: neither taking the label off nor putting it on gets by.
OWN: Final = Rail(
    "tenantry-own",
    [
        ("", "services"),
        ("", "configmaps"),
        ("", "secrets"),
        ("apps", "deployments"),
        ("policy", "poddisruptionbudgets"),
        ("gateway.networking.k8s.io", "httproutes"),
    ],
    {"false": "what tenantry manages is changed in the tenant's file"},
    operations=ALL_WRITES,
    conditions=OTHERS,
    where=IN_TENANTS | OURS,
)

LABELS: Final = Rail(
    "tenantry-labels",
    [("*", "*")],
    {
        f'object.metadata.?labels[?"{TENANT}"].orValue(variables.code) == variables.code': (
            "no label names another tenant"
        )
    },
    variables=CODE,
)

# No selector: the API server selects a namespace by its labels *after* the change, so who removes one would get by.
NAMESPACES: Final = Rail(
    "tenantry-namespaces",
    [("", "namespaces"), ("", "namespaces/status"), ("", "namespaces/finalize")],  # each of them can carry labels
    {"false": "tenants' namespaces, their labels and the gateway's are the provisioner's"},
    operations=ALL_WRITES,
    conditions=OTHERS
    | {
        "ours": 'request.name.startsWith("tenant-") || [object, oldObject].exists(one, one != null'
        f' && (one.metadata.name.startsWith("tenant-") || one.metadata.?labels[?"{TENANT}"].hasValue()'
        f' || one.metadata.?labels[?"{MANAGED_BY}"].orValue("") == "{MANAGER}"))'
    },
    where={},
    scope="Cluster",
)
