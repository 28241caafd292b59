"""The rules, one file a domain."""
