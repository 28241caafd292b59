"""The choice whether this machine's instance has a gateway, and the names of its services."""

import os

GATEWAY, APPLICATIONS = "envoy-gateway", "applications"
NAMES = (GATEWAY, APPLICATIONS)
SWITCH = "TENANTRY_GATEWAY"


def wanted() -> bool:
    """Tells whether the gateway is to run: `TENANTRY_GATEWAY=off` leaves it out."""
    return os.environ.get(SWITCH) != "off"
