"""What the API server refuses in tenants' namespaces, whoever asks: the expressions, as plain values.

Pulumi's policies see only what Pulumi declares. These hold against everything else: a tenant's admin, a stolen token,
an operator's slip with kubectl, a right that was given too wide. Some hold for everybody. Those that keep the walls
where they are let the provisioner pass, and it is known by one right rather than by a name: whoever may change these
policies could lift them anyway.
"""

from components.images import ImageRules
from components.installation import Installation
from components.rails.endings import GRACE, finalizers
from components.rails.pods import STANDING_TOKENS, pods, tokens
from components.rails.rail import Rail
from components.rails.walls import LABELS, NAMESPACES, OWN, WALLS, scale
from components.rails.ways import CONNECTIONS, ENTRANCES, SERVICES, routes


def rails(at: Installation, images: ImageRules) -> tuple[Rail, ...]:
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
        WALLS,
        OWN,
        scale(at.scaling),
        finalizers(at.scaling),
        LABELS,
        NAMESPACES,
    )
