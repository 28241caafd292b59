"""Long work on the data of many tenants: the removal of deleted ones (purge), a new schema (rollout)."""
