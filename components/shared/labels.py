"""Labels and remarks that mark our resources, so that a run after a killed engine recognises and adopts them.

Every mark is derived from the tenant's code alone: a tenant that changes its name or plan keeps its marks, and no
description changes (RAM replaces a policy whose description does).
"""

from collections.abc import Mapping
from typing import Final

from tenantry.names import MANAGED_BY as MANAGED_BY
from tenantry.names import MANAGER as MANAGER
from tenantry.names import PART_LABEL, TENANT_LABEL
from tenantry.names import mark as mark
from tenantry.spec.labels import PREFIX

PART: Final = PART_LABEL
TENANT: Final = TENANT_LABEL
ROLE: Final = "tenantry.io/role"  # of pods that are treated alike, whatever they are called


def labels(code: str | None = None, *, part: str | None = None) -> dict[str, str]:
    """The labels of a Kubernetes object; without a code it belongs to the platform."""
    marks = {MANAGED_BY: MANAGER}
    if code is not None:
        marks[TENANT] = code
    if part is not None:
        marks[PART] = part
    return marks


def with_labels(marks: Mapping[str, str], free: Mapping[str, str]) -> dict[str, str]:
    """Our marks and the tenant's own labels, which stand below a prefix of theirs and so never in the place of a mark.

    For objects alone, never for a pod's template: pods would start anew, and selectors go by what stands there.
    """
    return {**{f"{PREFIX}{key}": value for key, value in sorted(free.items())}, **marks}


def selector(code: str, part: str) -> Mapping[str, str]:
    """The subset of the pods' labels that never changes, as selectors cannot change."""
    return {TENANT: code, PART: part}
