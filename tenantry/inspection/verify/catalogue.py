"""Every attack there is, in the order of the report. What it imports is light: clients are loaded by the attempts."""

from typing import Final

from tenantry.inspection.verify.attacks import presence
from tenantry.inspection.verify.attacks.alibaba import backup_bucket, storage, storage_edges, sts_sessions
from tenantry.inspection.verify.attacks.kubernetes import (
    admission_guarded,
    admission_ingress,
    benchmark,
    gateway,
    hardening,
    kubernetes_api,
    namespace_ending,
    network,
)
from tenantry.inspection.verify.attacks.postgresql import history, resource_exhaustion, rights, temp_files
from tenantry.inspection.verify.core.attack import Attack

ATTACKS: Final[tuple[Attack, ...]] = (
    *rights.ATTACKS,
    *resource_exhaustion.ATTACKS,
    *temp_files.ATTACKS,
    *history.ATTACKS,
    *storage.ATTACKS,
    *storage_edges.ATTACKS,
    *backup_bucket.ATTACKS,
    *sts_sessions.ATTACKS,
    *kubernetes_api.ATTACKS,
    *admission_ingress.ATTACKS,
    *admission_guarded.ATTACKS,
    *namespace_ending.ATTACKS,
    *gateway.ATTACKS,
    *network.ATTACKS,
    *benchmark.ATTACKS,
    *hardening.ATTACKS,
    *presence.ATTACKS,
)
