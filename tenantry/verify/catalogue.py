"""Every attack there is, in the order of the report. What it imports is light: clients are loaded by the attempts."""

from typing import Final

from tenantry.verify import admission, cluster, database_rights, storage, storage_edges, walls
from tenantry.verify.model import Attack

ATTACKS: Final[tuple[Attack, ...]] = (
    *database_rights.ATTACKS,
    *storage.ATTACKS,
    *storage_edges.ATTACKS,
    *cluster.ATTACKS,
    *admission.ATTACKS,
    *walls.ATTACKS,
)
