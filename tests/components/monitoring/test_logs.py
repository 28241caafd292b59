"""Collection of what pods print: of whose namespaces, into which store, declared only where a project is named."""

import re
from dataclasses import replace
from typing import Any

import pytest

from components.monitoring import logs
from components.shared.installation import Installation
from tenantry.model.resources.systems.log_service import WORKLOADS, LogSettings

PROJECT = "tenantry-prod"


@pytest.mark.parametrize("namespace", ["tenant-k001", "tenant-k123456", "tenantry-platform"])
def test_ours_are_collected(namespace: str) -> None:
    assert re.search(logs.NAMESPACES, namespace)


@pytest.mark.parametrize(
    "namespace",
    ["kube-system", "tenant-k01", "tenant-k001-copy", "x-tenant-k001", "tenantry-platform-2", "monitoring", ""],
)
def test_others_are_not(namespace: str) -> None:
    assert not re.search(logs.NAMESPACES, namespace)


def test_one_object_for_all_tenants(platform: Any, installation: Installation, tenant: Any) -> None:
    at = replace(installation, systems=(LogSettings.model_validate({"logProject": PROJECT}),))
    declared = platform([tenant()], installation=at).one(logs.KIND)
    assert declared.inputs["metadata"]["name"] == f"tenantry-{PROJECT}"
    assert "namespace" not in declared.inputs["metadata"]
    spec = declared.inputs["spec"]
    assert spec["project"] == {"name": PROJECT}
    (source,), (target,) = spec["config"]["inputs"], spec["config"]["flushers"]
    assert source["ContainerFilters"] == {"K8sNamespaceRegex": logs.NAMESPACES}
    assert (source["IgnoringStdout"], source["IgnoringStderr"]) == (False, False)
    assert target["Logstore"] == WORKLOADS


def test_not_without_a_project(platform: Any, installation: Installation) -> None:
    at = replace(installation, systems=(LogSettings.model_validate({"logProject": ""}),))
    assert platform(installation=at).of(logs.KIND) == []
    assert platform().of(logs.KIND) == []


@pytest.mark.parametrize("name", ["x", "Tenantry", "-logs", "logs-", "a" * 64, "a_b"])
def test_a_name_that_no_project_has_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="logProject"):
        LogSettings.model_validate({"logProject": name})
