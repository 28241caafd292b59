"""The scheduled backup: what its job is told. The code of it is the command `tenantry backup`."""

from components.parts.backups import Cron
from stacks.config import StackConfig
from tenantry.engine.stack.embedded import SYSTEMS_OF


def cron_of(config: StackConfig) -> Cron:
    postgresql, settings = config.postgresql, config.settings
    return Cron(
        image=settings.backup_image,
        schedule=settings.backup_schedule,
        arguments=("backup", "--scheduled", "--stack", config.stack),
        secrets={"PGPASSWORD": postgresql.password},
        plain={
            SYSTEMS_OF: config.stack,
            "PGHOST": postgresql.host,
            "PGPORT": str(postgresql.port),
            "PGUSER": postgresql.user,
            "PGSSLMODE": postgresql.sslmode,
        },
        database_ca=settings.database_ca,
    )
