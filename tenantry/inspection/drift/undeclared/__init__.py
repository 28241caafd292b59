"""Undeclared things: one file a system, and how it is removed where no data is in it."""
