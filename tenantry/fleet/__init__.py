"""All tenants of one directory, checked together."""
