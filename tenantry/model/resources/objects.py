"""The gravity of differences of Kubernetes objects, by what an object is for."""

from typing import Final

from tenantry.model.resources.facts import ACCESS, HARMLESS, ISOLATION, LIMIT, DriftGravity

LABELS: Final = {
    "metadata.annotations": HARMLESS,
    "metadata.labels": HARMLESS,
    "metadata.labels.tenantry.io/tenant": ISOLATION,
    "metadata.labels.app.kubernetes.io/managed-by": ISOLATION,
}
ISOLATING: Final = DriftGravity(ISOLATION, ISOLATION, LABELS)
ROUTE: Final = DriftGravity(ACCESS, ISOLATION, LABELS)
ACCOUNT: Final = DriftGravity(ACCESS, ISOLATION, {**LABELS, "imagePullSecrets": HARMLESS})
# Of a person, of the application, of Prometheus: less of it takes something from somebody.
GRANT: Final = DriftGravity(ACCESS, ACCESS, LABELS)
AMOUNT: Final = DriftGravity(LIMIT, LIMIT, LABELS)
