"""A stack's state: read, locked, repaired, recovered."""
