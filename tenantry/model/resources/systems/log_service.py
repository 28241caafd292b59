"""The Log Service (SLS), where the cluster has its collector: what tenants' and the platform's pods print."""

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from tenantry.model.resources.facts import PLATFORMS, ResourceKind
from tenantry.model.resources.objects import GRANT
from tenantry.model.resources.stack_settings import Harmless, SystemSettings, none_if_empty

KINDS: Final = {
    "kubernetes:telemetry.alibabacloud.com:ClusterAliyunPipelineConfig": ResourceKind(PLATFORMS, drift=GRANT),
}
# Stores of the project that the foundation makes, or that an adopted one must have.
FLOWS: Final = "network-flows"
AUDIT: Final = "audit"
WORKLOADS: Final = "workloads"


class LogSettings(SystemSettings):
    """Settings of the collection of logs; without a project nothing is collected."""

    log_project: Annotated[
        str | None,
        Field(pattern=r"^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$"),
        BeforeValidator(none_if_empty),
        Harmless("what was collected stays in the project before; new lines go to the one that is named now"),
    ]


SETTINGS: Final = (LogSettings,)
