"""The platform's own pods: what each is told. The code of them is the command `tenantry backup` and `exporter`."""

from components.monitoring.exporter import ExporterProgram
from components.parts.backups import Cron
from stacks.config import StackConfig
from tenantry.engine.stack.embedded import SYSTEMS_OF
from tenantry.names import EXPORTER_LOGIN


def cron_of(config: StackConfig) -> Cron:
    """The scheduled backup."""
    settings = config.settings
    return Cron(
        image=settings.backup_image,
        schedule=settings.backup_schedule,
        arguments=("backup", "--scheduled", "--stack", config.stack),
        secrets={"PGPASSWORD": config.postgresql.password},
        plain=_variables(config, config.postgresql.user),
        database_ca=settings.database_ca,
    )


def exporter_of(config: StackConfig) -> ExporterProgram:
    """The exporter of metrics."""
    settings = config.settings
    return ExporterProgram(
        image=settings.backup_image,
        arguments=("exporter", "--stack", config.stack),
        plain=_variables(config, EXPORTER_LOGIN),
        database_ports=frozenset({settings.database_port, settings.app_database_port or settings.database_port}),
        database_ca=settings.database_ca,
    )


def _variables(config: StackConfig, user: str) -> dict[str, str]:
    """The server itself, as the engine reaches it, also where tenants' pods go through a pooler."""
    postgresql = config.postgresql
    return {
        SYSTEMS_OF: config.stack,
        "PGHOST": postgresql.host,
        "PGPORT": str(postgresql.port),
        "PGUSER": user,
        "PGSSLMODE": postgresql.sslmode,
    }
