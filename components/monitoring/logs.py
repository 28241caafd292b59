"""Collection of what pods print, by the collector that ACK has as its add-on `loongcollector`.

One configuration for all tenants: none adds to it. Which tenant a line is of says its namespace, which no tenant can
choose; labels of a pod are no proof, as a tenant's own administrator may write them.
Source of the form: the parameters of ClusterAliyunPipelineConfig in the documentation of the Log Service.
"""

from typing import Any, Final

from tenantry.model.resources.systems.log_service import WORKLOADS
from tenantry.names import CODE, PLATFORM_NAMESPACE

API_VERSION: Final = "telemetry.alibabacloud.com/v1alpha1"
KIND: Final = "ClusterAliyunPipelineConfig"
NAMESPACES: Final = f"^(tenant-{CODE.pattern}|{PLATFORM_NAMESPACE})$"


def name_of(project: str) -> str:
    """The object's name, another for each project: the collector refuses a change of the project in one object."""
    return f"tenantry-{project}"


def pipeline(project: str) -> dict[str, Any]:
    """Both outputs of every container into one store, each line with its namespace, pod and container.

    Where the project lies in the cluster's region the collector knows the address by itself.
    """
    return {
        "spec": {
            "project": {"name": project},
            "config": {
                "inputs": [
                    {
                        "Type": "input_container_stdio",
                        "IgnoringStdout": False,
                        "IgnoringStderr": False,
                        "CollectingContainersMeta": True,
                        "ContainerFilters": {"K8sNamespaceRegex": NAMESPACES},
                    }
                ],
                "flushers": [{"Type": "flusher_sls", "Logstore": WORKLOADS}],
            },
        }
    }
