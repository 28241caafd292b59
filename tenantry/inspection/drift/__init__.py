"""Drift: what is there and differs from what the last run made, and what is there that nobody declared."""
