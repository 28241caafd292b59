"""Records the steps of a tenant's onboarding as they begin, complete or fail."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Self

from provider.errors import ResourceFailure
from provider.errors import error_context as any_step
from provider.systems.connections import Connections
from tenantry.database.onboarding_steps import Change, record

INPUT: Final = "opening"
"""The input of resources that record: `database`, that of the administration, and `tenant`, the code."""


@dataclass(frozen=True, slots=True)
class Onboarding:
    """The onboarding of one tenant; the platform's own databases have none, and nothing is recorded for them."""

    at: Connections
    database: str = ""
    tenant: str = ""

    @classmethod
    def of(cls, at: Connections, inputs: Mapping[str, Any]) -> Self:
        given = inputs.get(INPUT)
        if not given:
            return cls(at)
        missing = [key for key in ("database", "tenant") if not given.get(key)]
        if missing:
            raise ResourceFailure(
                f"`{INPUT}` lacks {', '.join(missing)}", "name the admin database and the tenant's code"
            )
        return cls(at, given["database"], given["tenant"])

    @contextmanager
    def step(self, name: str) -> Generator[None, None, None]:
        """One step from its beginning to its end, each recorded at once: a killed plugin leaves it in progress."""
        self.write(Change(begun=[name]))
        try:
            yield
        except ResourceFailure as failure:
            with suppress(
                ResourceFailure
            ):  # the first failure is what the user is told; that it stands nowhere comes after
                self.write(Change(failed=[name], error=str(failure)))
            raise
        self.write(Change(completed=[name]))

    def write(self, change: Change) -> None:
        if not self.tenant:
            return
        from provider.systems.postgresql import explain

        with any_step("recording the opening", explain), self.at.database(self.database) as session:
            for statement, values in record(self.tenant, change):
                session.execute(statement, values)

    def schema_version(self, version: int) -> None:
        """The migrations that the tenant's database holds; `tenantry migrate` goes on from there."""
        if not self.tenant:
            return
        from provider.systems.postgresql import explain

        with any_step("recording the schema's version", explain), self.at.database(self.database) as session:
            session.execute(
                "UPDATE tenants SET schema_version = %s WHERE tenant_id = %s AND schema_version IS DISTINCT FROM %s",
                [version, self.tenant, version],
            )
