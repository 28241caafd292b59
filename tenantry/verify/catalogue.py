"""Every attack there is, in the order of the report. What it imports is light: clients are loaded by the attempts."""

from typing import Final

from tenantry.verify import (
    admission,
    benchmark,
    cluster,
    database_rights,
    endings,
    gateway,
    hardening,
    history,
    network,
    presence,
    sessions,
    starving,
    storage,
    storage_edges,
    temp_files,
    vault,
    walls,
)
from tenantry.verify.model import Attack

ATTACKS: Final[tuple[Attack, ...]] = (
    *database_rights.ATTACKS,
    *starving.ATTACKS,
    *temp_files.ATTACKS,
    *history.ATTACKS,
    *storage.ATTACKS,
    *storage_edges.ATTACKS,
    *vault.ATTACKS,
    *sessions.ATTACKS,
    *cluster.ATTACKS,
    *admission.ATTACKS,
    *walls.ATTACKS,
    *endings.ATTACKS,
    *gateway.ATTACKS,
    *network.ATTACKS,
    *benchmark.ATTACKS,
    *hardening.ATTACKS,
    *presence.ATTACKS,
)
