"""The whole stack as stack rules see it: its resources by kind, and by the tenant whose they are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from policies.model.resource import Resource
from policies.model.unknown import UnknownValueError
from policies.model.values import UnexpectedShape, text

ROW: Final = "tenantry:TenantRow"


class Stack:
    """`resources` are those of the run, with their outputs; what is going to be removed is not among them."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources: Sequence[Resource] = tuple(resources)

    def of(self, *kinds: str) -> Sequence[Resource]:
        return [resource for kind in kinds for resource in self._by_kind.get(kind, ())]

    @cached_property
    def _by_kind(self) -> Mapping[str, Sequence[Resource]]:
        resources: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            resources[resource.kind].append(resource)
        return resources

    @cached_property
    def tenants(self) -> Mapping[str, Sequence[Resource]]:
        """Code -> what is the tenant's, in order of the codes."""
        tenants: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            code = owner(resource)
            if code is not None:
                tenants[code].append(resource)
        return dict(sorted(tenants.items()))

    def parts(self, code: str, *kinds: str) -> Sequence[Resource]:
        return [resource for resource in self.tenants.get(code, ()) if resource.kind in kinds]

    def plan_of(self, code: str) -> str | None:
        """The tenant's plan by its row in the admin database; None where there is no row."""
        for row in self.parts(code, ROW):
            return text(row.props.get("planType"))
        return None

    def status_of(self, code: str) -> str | None:
        """The tenant's status by the same row."""
        for row in self.parts(code, ROW):
            return text(row.props.get("status"))
        return None


def owner(resource: Resource) -> str | None:
    """The code of the tenant; where a value is still unknown or of an odd shape, the component decides."""
    try:
        return resource.code
    except (UnknownValueError, UnexpectedShape):
        return resource.declared_by
