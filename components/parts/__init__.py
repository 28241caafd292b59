"""One ComponentResource a concern: what a tenant owns, and what all share."""
