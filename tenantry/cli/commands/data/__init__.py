"""Sub-commands on tenants' data: schema, backups, removal, the first sign-in."""
