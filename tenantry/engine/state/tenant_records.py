"""The records of a stack's tenants, as its state has them, for the commands."""

from tenantry.engine.errors import CommandError
from tenantry.engine.state.deployment import Deployment
from tenantry.model.tenant_record import TENANTS, TenantRecord, UnreadableRecordError, tenant_records


def records_of(deployment: Deployment) -> dict[str, TenantRecord]:
    """Code -> record. Raises CommandError for an output of another shape: what is there must not count as gone."""
    return read_records(deployment.outputs.get(TENANTS))


def read_records(output: object) -> dict[str, TenantRecord]:
    """The same from the output itself."""
    try:
        return tenant_records(output, TenantRecord)
    except UnreadableRecordError:
        raise CommandError(
            f"the stack's output `{TENANTS}` cannot be read, so it is not known which tenants it holds",
            "use the version of tenantry that wrote it",
        ) from None
