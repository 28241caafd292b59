"""The parameters that a database server must have where tenants share it: what they hold one tenant from, by name.

The foundation makes its server with them, `tenantry doctor` looks at an adopted one's, docs/production.md lists them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Parameter(NamedTuple):
    """`value` is what the foundation sets, in the units of pg_settings; a number from `least` to `most` will do."""

    name: str
    value: str
    reason: str
    least: int | None = None  # none: the value itself
    most: int | None = None
    since: int = 14  # release of PostgreSQL

    def suits(self, setting: str) -> bool:
        if self.least is None or not setting.removeprefix("-").isdecimal():
            return setting == self.value
        return self.least <= int(setting) and (self.most is None or int(setting) <= self.most)

    @property
    def demand(self) -> str:
        if self.least is None:
            return self.value
        return f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"


PARAMETERS: Final = (
    Parameter(
        "temp_file_limit", "10485760",
        "kB of temporary files of one session: one sort fills everybody's disk; the plans' own limits need a superuser",
        least=1,
    ),
    Parameter(
        "max_prepared_transactions", "0",
        "a prepared transaction holds its locks without a session that could end, and its database cannot be dropped",
    ),
    Parameter(
        "max_slot_wal_keep_size", "51200",
        "MB of log that a forgotten replication slot keeps: without an end it fills everybody's disk",
        least=1,
    ),
    Parameter(
        "reserved_connections", "20",
        "connections that tenants cannot use up: the platform's own",
        least=10, since=16,
    ),
    Parameter(
        "idle_in_transaction_session_timeout", "60000",
        "ms until an idle transaction ends: it keeps locks, and dead rows from being removed",
        least=1, most=600_000,
    ),
    Parameter("log_connections", "on", "who connected, when and from where"),
    Parameter("log_disconnections", "on", "the same of a session's end"),
    Parameter("password_encryption", "scram-sha-256", "an MD5 password is as good as the password itself"),
)  # fmt: skip
NAMES: Final = tuple(parameter.name for parameter in PARAMETERS)


def unsuited(settings: Mapping[str, str], release: int) -> list[tuple[Parameter, str]]:
    """The parameters that a server of this release has otherwise, with what it has; empty where it does not say."""
    in_force = ((parameter, settings.get(parameter.name, "")) for parameter in PARAMETERS if parameter.since <= release)
    return [(parameter, setting) for parameter, setting in in_force if not parameter.suits(setting)]
