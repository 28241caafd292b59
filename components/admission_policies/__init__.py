"""Refusals of the API server in tenants' namespaces, whoever asks: the expressions, as plain values.

Pulumi's policies see only what Pulumi declares. These hold against everything else: a tenant's admin, a stolen token,
an operator's slip with kubectl, a right that was given too wide. Some hold for everybody. Those that keep the walls
where they are let the provisioner pass, and it is known by one right rather than by a name: whoever may change these
policies could lift them anyway.
"""

from components.admission_policies.guarded_objects import ISOLATION_OBJECTS, LABELS, MANAGED, NAMESPACES, scale
from components.admission_policies.ingress import CONNECTIONS, ENTRANCES, SERVICES, routes
from components.admission_policies.namespace_ending import GRACE, finalizers
from components.admission_policies.pods import STANDING_TOKENS, pods, tokens
from components.admission_policies.policy import AdmissionPolicy
from components.manifests.image_rules import ImageRules
from components.shared.installation import Installation


def all_policies(at: Installation, images: ImageRules) -> tuple[AdmissionPolicy, ...]:
    """All of them, the ways in first."""
    return (
        routes(at),
        ENTRANCES,
        SERVICES,
        CONNECTIONS,
        pods(at, images),
        GRACE,
        tokens(at),
        STANDING_TOKENS,
        ISOLATION_OBJECTS,
        MANAGED,
        scale(at.scaling),
        finalizers(at.scaling),
        LABELS,
        NAMESPACES,
    )
