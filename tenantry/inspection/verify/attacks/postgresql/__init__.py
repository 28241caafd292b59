"""Attacks on the database server."""
