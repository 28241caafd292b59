"""The exporter of metrics: what its pod is told. The code of it is the command `tenantry exporter`."""

from components.monitoring.exporter import ExporterProgram
from stacks.config import StackConfig
from tenantry.engine.stack.embedded import SYSTEMS_OF
from tenantry.names import EXPORTER_LOGIN


def exporter_of(config: StackConfig) -> ExporterProgram:
    """The server itself, as the engine and the backup reach it, also where tenants' pods go through a pooler."""
    postgresql, settings = config.postgresql, config.settings
    return ExporterProgram(
        image=settings.backup_image,
        arguments=("exporter", "--stack", config.stack),
        plain={
            SYSTEMS_OF: config.stack,
            "PGHOST": postgresql.host,
            "PGPORT": str(postgresql.port),
            "PGUSER": EXPORTER_LOGIN,
            "PGSSLMODE": postgresql.sslmode,
        },
        database_ports=frozenset({settings.database_port, settings.app_database_port or settings.database_port}),
        database_ca=settings.database_ca,
    )
