"""Server settings, given on the command line: data made by an older release of tenantry takes them too."""

import sys

SETTINGS: dict[str, str] = {
    "cluster_name": "tenantry",
    "listen_addresses": "127.0.0.1",
    # No unix socket: its path is limited to 107 bytes and an instance may lie deeper than that.
    "unix_socket_directories": "",
    # The sum of the limits of some 80 tenants: the policy pack asks whether what is promised is there. An unused slot
    # costs 40 KiB of address space, no process.
    "max_connections": "5000",
    # The provisioner gets in even when tenants have taken every other slot.
    "superuser_reserved_connections": "10",
    "shared_buffers": "128MB",
    # A killed server loses nothing; a machine that loses power meanwhile may. With it on, the checkpoint of `make down`
    # calls fsync for each of 15,000 files of 13 new clones, half a minute; the manager syncs the disk once instead.
    "fsync": "off",
    # After a crash: one call instead of one a file, of which 200 databases have 60,000.
    **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
    # Two hundred databases at the default of 1 min mean a worker every 0.3 s for an idle instance.
    "autovacuum_naptime": "5min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # A failing CREATE ROLE ... PASSWORD would otherwise be logged with its text.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
}


def arguments() -> list[str]:
    """The settings as arguments of `postgres`."""
    return [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
