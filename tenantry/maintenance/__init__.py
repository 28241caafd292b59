"""Long work on many tenants: the removal of deleted ones (purge), a new schema (rollout), runs over stacks (cells)."""
