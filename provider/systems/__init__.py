"""Access of resources to their systems: connections, PostgreSQL, OSS, settings, host names."""
